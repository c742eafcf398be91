internal import Foundation

/// The sources that a command line means: files, `-` for standard input, and folders of rotated files.
/// Each was looked at: it is there, and its first bytes say what it is.
struct SourceList {
    struct Entry {
        let path: String
        let kind: SourceKind
        /// What cannot be opened twice stays open from the first look at it.
        fileprivate let kept: KeptInput?

        /// To be called once.
        func open() throws(CaptureError) -> CaptureInput {
            if let input = kept?.take() { return input }
            return try CaptureInput(path: path)
        }
    }

    private(set) var entries: [Entry] = []
    /// What was left out of folders, and why.
    private(set) var notes: [String] = []

    /// - Throws: `.unreadable`, `.empty` and `.notACapture` for files that were named, `.noCaptures` if
    ///   nothing in folders can be read, `.mixedSources` if readers of two kinds would be needed.
    init(_ paths: [String]) throws(CaptureError) {
        for path in paths {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            if exists, isFolder.boolValue {
                try enter(path)
            } else {
                try add(try CaptureInput(path: path), path: path, isNamed: true)
            }
        }
        guard !entries.isEmpty else {
            throw .noCaptures(folder: paths.first ?? ".", skipped: notes)
        }
        if let capture = entries.first(where: { $0.kind == .capture }),
            let events = entries.first(where: { $0.kind == .events })
        {
            throw .mixedSources(capture: capture.path, events: events.path)
        }
    }

    /// One source that is in memory.
    /// - Throws: `.empty` and `.notACapture`.
    init(_ bytes: [UInt8], name: String) throws(CaptureError) {
        try add(try CaptureInput(bytes, name: name), path: name, isNamed: true)
    }

    private mutating func enter(_ folder: String) throws(CaptureError) {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
            throw .unreadable(path: folder, errno: EACCES)
        }
        // Hidden files are the business of whoever is copying them just now.
        for name in names.sorted() where !name.hasPrefix(".") {
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            if isFolder.boolValue {
                notes.append("\(path) is a folder in a folder and was not entered")
            } else {
                try add(try CaptureInput(path: path), path: path, isNamed: false)
            }
        }
    }

    /// - Parameter isNamed: then it has to be what it was named for; in folders other files lie about.
    private mutating func add(
        _ opened: consuming CaptureInput, path: String, isNamed: Bool
    ) throws(CaptureError) {
        var input = opened
        let head = try input.head()
        guard let kind = SourceKind(head: head) else {
            guard isNamed else {
                notes.append("\(path) is \(head.isEmpty ? "empty" : "no capture") and was left out")
                return
            }
            if head.isEmpty { throw .empty(path: input.path) }
            throw .notACapture(path: input.path, head: head)
        }
        entries.append(
            Entry(path: path, kind: kind, kept: input.canReopen ? nil : KeptInput(input)))
    }
}

/// An open source that waits for its reader.
private final class KeptInput {
    private var input: CaptureInput?

    init(_ opened: consuming CaptureInput) { input = .some(opened) }

    func take() -> CaptureInput? { input.take() }
}
