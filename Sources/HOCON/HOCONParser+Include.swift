/// How the files that a document includes are read: this target reads none itself.
package struct HOCONIncludes: Sendable {
    package enum Found: Sendable {
        /// The bytes, and one name for the file however it was written.
        case file([UInt8], name: String)
        case missing
        /// It is there and cannot be read: why.
        case unreadable(String)
    }

    /// Called with the name in the `include` and the file that it stands in.
    package let read: @Sendable (_ name: String, _ includer: String) -> Found

    package init(_ read: @escaping @Sendable (_ name: String, _ includer: String) -> Found) {
        self.read = read
    }
}

/// `include "FILE"`, `include file("FILE")` and `include required(…)`: the keys of another document, as if they
/// stood here. A file that is not there is passed over unless it is required, as HOCON has it.
extension HOCONParser {
    /// Deepest chain of files that include each other.
    static let deepestInclude = 10

    /// What a chain of includes has to know of what is above it.
    struct Origin {
        let includes: HOCONIncludes?
        /// The files that are being read, from the first.
        var files: [String] = []
        /// The block of the first file that this one stands in, for its substitutions.
        var scope: [String] = []
    }

    /// Reads an include, if one stands here.
    mutating func include(into fields: Fields) throws(HOCONError) -> Bool {
        let start = mark()
        let before = at
        guard starts(with: "include") else { return false }
        at += 7
        skipBlank(lines: false)
        let wanted = starts(with: "required(")
        if wanted {
            at += 9
            skipBlank(lines: false)
        }
        let isCall = starts(with: "file(")
        if isCall {
            at += 5
            skipBlank(lines: false)
        }
        guard peek == UInt8(ascii: "\""), origin.includes != nil else {
            at = before
            return false
        }
        let name = try quoted()
        for _ in 0..<(wanted ? 1 : 0) + (isCall ? 1 : 0) {
            skipBlank(lines: false)
            guard peek == UInt8(ascii: ")") else {
                throw fault("`include` lacks a `)` before \(seen)")
            }
            at += 1
        }
        try include(name, isRequired: wanted, into: fields, start)
        return true
    }

    private mutating func include(
        _ name: String, isRequired: Bool, into fields: Fields, _ start: HOCONPosition
    ) throws(HOCONError) {
        guard let includes = origin.includes else { return }
        let bytes: [UInt8], file: String
        switch includes.read(name, self.file) {
        case .file(let content, let path): (bytes, file) = (content, path)
        case .missing where !isRequired: return
        case .missing:
            throw HOCONError(
                start, "the file \(name) is not there; correct its name, or leave out `required`")
        case .unreadable(let reason):
            throw HOCONError(start, "the file \(name) cannot be read: \(reason)")
        }
        guard !origin.files.contains(file) else {
            throw HOCONError(
                start, "the file \(name) includes itself; take out one of the includes")
        }
        guard origin.files.count < Self.deepestInclude else {
            throw HOCONError(
                start,
                "at most \(Self.deepestInclude) files include each other; put some of them together"
            )
        }
        bytesRead += bytes.count
        guard bytesRead <= Self.largest else {
            throw HOCONError(
                start,
                "all files together have more than \(Self.largest) bytes; leave out some")
        }
        var inner = try HOCONParser(
            bytes, file: file,
            Origin(includes: includes, files: origin.files, scope: listed > 0 ? [] : scope))
        inner.continues(self)
        guard case .fields(let theirs)? = try inner.document().first?.node else {
            throw HOCONError(
                start, "the file \(name) is a list; include a file that consists of keys")
        }
        continues(inner)
        for key in theirs.order { fields.append(theirs.slots[key] ?? [], to: key) }
    }
}
