/// Why a TLS connection was not decrypted.
enum Undecrypted: Hashable {
    /// No key log was given.
    case noKeyLog
    /// The key log has nothing for it.
    case noSecret
    /// The secrets do not open its records.
    case wrongSecret
    /// A cipher suite that is not decrypted, by its number in IANA's registry.
    case suite(UInt16)
    /// SSL 3.0, TLS 1.0 or 1.1.
    case oldVersion
    /// It compresses, which nobody should since CRIME.
    case compression
    /// It was open before the capture began.
    case beganBefore
    /// Bytes of its handshake are not in the capture.
    case brokenHandshake
    /// It ended before anything was sent.
    case endedEarly
}

/// What lay between TCP and MQTT, in connections.
package struct LayerTally: Sendable {
    /// Decrypted TLS connections with MQTT inside.
    package var decrypted = 0
    /// MQTT over WebSocket.
    package var webSocket = 0
    /// With a PROXY header in front of MQTT; their clients are those of the header.
    package var proxied = 0
    /// WebSocket connections that were not decoded because they are compressed.
    package var compressed = 0
    // TLS connections that were not decrypted, by `Undecrypted`.
    var noKeyLog = 0
    var noSecret = 0
    var wrongSecret = 0
    var unknownSuite = 0
    var oldVersion = 0
    var compressedTLS = 0
    var beganBefore = 0
    var brokenHandshake = 0
    var endedEarly = 0
    /// The numbers of cipher suites that are not decrypted.
    private var suites: Set<UInt16> = []

    /// Suites that are named; the numbers come from the capture.
    private static let namedSuites = 16

    mutating func count(_ end: LayerEnd) {
        switch end {
        case .other: break
        case .compressed: compressed += 1
        case .encrypted(let reason):
            self[keyPath: Self.place(reason)] += 1
            if case .suite(let number) = reason, suites.count < Self.namedSuites {
                suites.insert(number)
            }
        }
    }

    private static func place(_ reason: Undecrypted) -> WritableKeyPath<LayerTally, Int> {
        switch reason {
        case .noKeyLog: \.noKeyLog
        case .noSecret: \.noSecret
        case .wrongSecret: \.wrongSecret
        case .suite: \.unknownSuite
        case .oldVersion: \.oldVersion
        case .compression: \.compressedTLS
        case .beganBefore: \.beganBefore
        case .brokenHandshake: \.brokenHandshake
        case .endedEarly: \.endedEarly
        }
    }

    /// Connections that were not decoded, by reason, and what to do about it.
    package var doubts: [String] {
        let counted: [(Int, String)] = [
            (noKeyLog, "TLS connections could not be decrypted without a key log (--tls-key-log)"),
            (noSecret, "TLS connections have no secrets in the key log"),
            (
                wrongSecret,
                "TLS connections are not opened by their secrets in the key log, which may be damaged"
            ),
            (
                unknownSuite,
                "TLS connections use cipher suites that are not decrypted (AES-GCM and ChaCha20-Poly1305 are)"
            ),
            (oldVersion, "TLS connections use a version before 1.2, which is not decrypted"),
            (compressedTLS, "TLS connections are compressed, which is not decrypted"),
            (
                beganBefore,
                "TLS connections were open before the capture began, so that no secret can be found for them"
            ),
            (brokenHandshake, "TLS connections lack parts of their handshake in the capture"),
            (endedEarly, "TLS connections ended before anything was sent on them"),
            (
                compressed,
                "WebSocket connections are compressed (permessage-deflate) and were not decoded; "
                    + "switch it off in the listener while recording"
            ),
        ]
        return counted.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    }

    /// What is worth knowing beside the counts.
    var notes: [String] {
        guard !suites.isEmpty else { return [] }
        let names = suites.sorted().map { number in
            let digits = String(number, radix: 16, uppercase: true)
            return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        return ["cipher suites that are not decrypted: \(names.joined(separator: ", "))"]
    }
}
