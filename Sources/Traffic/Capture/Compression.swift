/// How a capture file is packed, told by its first bytes.
package enum Compression: String, CaseIterable, Sendable {
    case none
    case gzip
    case zstd

    /// - Parameter head: the first bytes of the file; fewer than four are never compressed.
    init(head: [UInt8]) {
        self = Self.allCases.first { !$0.magic.isEmpty && head.starts(with: $0.magic) } ?? .none
    }

    private var magic: [UInt8] {
        switch self {
        case .none: []
        case .gzip: [0x1F, 0x8B, 0x08]
        case .zstd: [0x28, 0xB5, 0x2F, 0xFD]
        }
    }
}

/// What one call of a decoder did.
struct DecodingStep {
    let consumed: Int
    let produced: Int
    /// The compressed data may end here.
    let complete: Bool
}

/// What the library said about data it could not decode.
struct DecodingFault: Error {
    let why: String
}
