/// Text with places for what differs from client to client and from message to message: `site/{region}/{device}`.
struct TextTemplate: Hashable, Sendable {
    enum Field: Hashable, Sendable {
        /// Of the group, by its place there.
        case variable(Int)
        /// Of the message, by its place there.
        case messageVariable(Int)
        case device
        case group
        case index
        /// Messages of the stream so far.
        case sequence
        /// ISO 8601 with milliseconds.
        case time
        case epochMilliseconds
        case eventID
    }

    enum Part: Hashable, Sendable {
        case text([UInt8])
        case field(Field, width: Int, isHexadecimal: Bool)
    }

    let parts: [Part]

    /// Bytes of a text with its names.
    static let longest = 4_096
    /// With values of at most 200 bytes and identifiers of at most 1,800, no text that is made of one has more
    /// than the 65,535 bytes that MQTT allows.
    static let mostFields = 30
    /// Widest number, in digits.
    private static let widest = 20

    static let builtIn: [(name: String, field: Field)] = [
        ("device", .device), ("group", .group), ("index", .index), ("sequence", .sequence),
        ("time", .time), ("epoch_ms", .epochMilliseconds), ("event_id", .eventID),
    ]

    /// What can be in braces, and what it stands for.
    struct Names {
        var fields: [(name: String, field: Field)]

        /// - Parameter perMessage: whether what changes with every message is there, too.
        init(variables: [String], messageVariables: [String] = [], perMessage: Bool) {
            fields = builtIn.filter { perMessage || !$0.field.isPerMessage }
            fields += variables.enumerated().map { ($1, .variable($0)) }
            fields += messageVariables.enumerated().map { ($1, .messageVariable($0)) }
        }
    }

    struct Fault: Error {
        /// "`{regoin}` is no variable here; did you mean …"
        let sentence: String
        /// The name that is not known, if that is what is wrong.
        var unknown: String?
    }

    init(_ text: String, _ names: Names) throws(Fault) {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var rest = text[...]
        while let next = rest.first {
            rest = rest.dropFirst()
            guard next == "{" else {
                literal += Array(String(next).utf8)
                continue
            }
            guard let end = rest.firstIndex(of: "}") else {
                throw Fault(sentence: "a `{` is not closed")
            }
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = []
            parts.append(try Self.field(String(rest[..<end]), names))
            rest = rest[rest.index(after: end)...]
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    private static func field(_ text: String, _ names: Names) throws(Fault) -> Part {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        let name = String(halves.first ?? "")
        guard let field = names.fields.last(where: { $0.name == name })?.field else {
            throw Fault(sentence: "`{\(name)}` is not known here", unknown: name)
        }
        guard halves.count > 1 else { return .field(field, width: 1, isHexadecimal: false) }
        var format = halves[1]
        let isHexadecimal = format.last == "x"
        if isHexadecimal { format = format.dropLast() }
        guard halves.count == 2, field == .index || field == .sequence,
            let width = Int(format), 1...widest ~= width
        else {
            throw Fault(
                sentence:
                    "`{\(text)}` has no format that is known; write `{index:4}` for digits or `{index:4x}` for hexadecimal ones"
            )
        }
        return .field(field, width: width, isHexadecimal: isHexadecimal)
    }

    /// Whether the text changes with every message.
    var isPerMessage: Bool {
        fields.contains(where: \.isPerMessage)
    }

    /// What stands in braces.
    var fields: [Field] {
        parts.compactMap { if case .field(let field, _, _) = $0 { field } else { nil } }
    }

    /// What the text looks like, with `x` for everything in braces; to check what stays the same.
    var specimen: String {
        parts.map {
            if case .text(let text) = $0 { String(decoding: text, as: UTF8.self) } else { "x" }
        }.joined()
    }

    func write(_ subject: Subject, _ moment: Moment, to bytes: inout [UInt8]) {
        for part in parts {
            switch part {
            case .text(let text): bytes += text
            case .field(let field, let width, let isHexadecimal):
                field.write(subject, moment, width, isHexadecimal, to: &bytes)
            }
        }
    }
}

/// Whom a text speaks of.
struct Subject {
    let device: [UInt8]
    let group: [UInt8]
    let index: Int
    let variables: [[UInt8]]
    var messageVariables: [[UInt8]] = []
}

/// What changes with every message.
struct Moment {
    /// Nanoseconds since the epoch.
    let time: Int64
    let sequence: Int
    let eventID: (UInt64, UInt64)

    static let none = Moment(time: 0, sequence: 0, eventID: (0, 0))
}

extension TextTemplate.Field {
    var isPerMessage: Bool {
        switch self {
        case .sequence, .time, .epochMilliseconds, .eventID: true
        default: false
        }
    }

    /// Bytes at most.
    var longest: Int {
        switch self {
        case .variable, .messageVariable: 200
        case .device: 1_800
        case .group: 100
        case .index, .sequence, .epochMilliseconds: 20
        case .time: 24
        case .eventID: [UInt8].uuidLength
        }
    }

    /// Written as a number in JSON.
    var isNumber: Bool { self == .sequence || self == .epochMilliseconds || self == .index }

    func write(
        _ subject: Subject, _ moment: Moment, _ width: Int, _ isHexadecimal: Bool,
        to bytes: inout [UInt8]
    ) {
        switch self {
        case .variable(let place): bytes += subject.variables[place]
        case .messageVariable(let place): bytes += subject.messageVariables[place]
        case .device: bytes += subject.device
        case .group: bytes += subject.group
        case .time: WallClock.write(moment.time, milliseconds: true, to: &bytes)
        case .epochMilliseconds: bytes.append(decimal: moment.time / 1_000_000)
        case .eventID: bytes.append(uuid: moment.eventID)
        case .index, .sequence:
            let number = self == .index ? subject.index : moment.sequence
            if isHexadecimal {
                bytes.append(hexadecimal: UInt64(number), width: width)
            } else {
                bytes.append(decimal: Int64(number), width: width)
            }
        }
    }
}

extension [UInt8] {
    /// Of version 4, RFC 9562 section 5.4: four bits say so, and two which layout it is.
    mutating func append(uuid halves: (UInt64, UInt64)) {
        let high = halves.0 & ~0xF000 | 0x4000
        let low = halves.1 & ~(0b11 << 62) | 0b10 << 62
        append(hexadecimal: high >> 32, width: 8)
        append(UInt8(ascii: "-"))
        append(hexadecimal: high >> 16 & 0xFFFF, width: 4)
        append(UInt8(ascii: "-"))
        append(hexadecimal: high & 0xFFFF, width: 4)
        append(UInt8(ascii: "-"))
        append(hexadecimal: low >> 48, width: 4)
        append(UInt8(ascii: "-"))
        append(hexadecimal: low & 0xFFFF_FFFF_FFFF, width: 12)
    }

    /// Characters of `append(uuid:)`.
    static var uuidLength: Int { 36 }
}
