/// How a capture file is packed, told by its first bytes.
package enum Compression: String, CaseIterable, Sendable {
    case none
    case gzip
    case zstd

    /// Bytes that tell.
    static let headLength = 4

    /// - Parameter head: the first bytes of the file; fewer than four are never compressed.
    init(head: [UInt8]) {
        self =
            Self.allCases.first { method in
                method.magics.contains { head.starts(with: $0) }
            } ?? .none
    }

    private var magics: [[UInt8]] {
        switch self {
        case .none: []
        case .gzip: [[0x1F, 0x8B, 0x08]]
        // Also a skippable frame (RFC 8878, 3.1.2), with which pzstd begins.
        case .zstd: [[0x28, 0xB5, 0x2F, 0xFD]] + (0x50...0x5F).map { [$0, 0x2A, 0x4D, 0x18] }
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
