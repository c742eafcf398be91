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
    package private(set) var decrypted = 0
    /// MQTT over WebSocket.
    package private(set) var webSocket = 0
    /// With a PROXY header in front of MQTT; their clients are those of the header.
    package private(set) var proxied = 0
    /// WebSocket connections that were not decoded because they are compressed.
    package private(set) var compressed = 0
    private var undecrypted: [Undecrypted: Int] = [:]

    /// Suites that are named; the numbers come from the capture.
    private static let namedSuites = 64

    mutating func count(_ end: LayerEnd) {
        switch end {
        case .other: break
        case .compressed: compressed += 1
        case .encrypted(let reason):
            let isNamed = undecrypted[reason] != nil || undecrypted.count < Self.namedSuites
            undecrypted[isNamed ? reason : .suite(0), default: 0] += 1
        }
    }

    mutating func countDecrypted() { decrypted += 1 }
    mutating func countWebSocket() { webSocket += 1 }
    mutating func countProxied() { proxied += 1 }

    /// Connections that were not decoded, by reason, and what to do about it.
    package var doubts: [(count: Int, what: String)] {
        let known: [(Undecrypted, String)] = [
            (.noKeyLog, "TLS connections could not be decrypted without a key log (--tls-key-log)"),
            (.noSecret, "TLS connections have no secrets in the key log"),
            (
                .wrongSecret,
                "TLS connections are not opened by their secrets in the key log, which may be damaged"
            ),
            (.oldVersion, "TLS connections use a version before 1.2, which is not decrypted"),
            (.compression, "TLS connections are compressed, which is not decrypted"),
            (
                .beganBefore,
                "TLS connections were open before the capture began, so that no secret can be found for them"
            ),
            (.brokenHandshake, "TLS connections lack parts of their handshake in the capture"),
            (.endedEarly, "TLS connections ended before anything was sent on them"),
        ]
        var doubts = known.compactMap { reason, what in undecrypted[reason].map { ($0, what) } }
        let suites = undecrypted.compactMap { reason, count -> (UInt16, Int)? in
            if case .suite(let number) = reason { (number, count) } else { nil }
        }
        for (number, count) in suites.sorted(by: { $0.0 < $1.0 }) {
            let name = String(number, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: 4 - name.count) + name
            doubts.append(
                (
                    count,
                    "TLS connections use cipher suite 0x\(padded), which is not decrypted (AES-GCM and "
                        + "ChaCha20-Poly1305 are)"
                ))
        }
        if compressed > 0 {
            doubts.append(
                (
                    compressed,
                    "WebSocket connections are compressed (permessage-deflate) and were not decoded; "
                        + "switch it off in the listener while recording"
                ))
        }
        return doubts
    }
}
