internal import Glibc

/// The random bytes of a hello, which name a connection in key logs.
struct TLSRandom: Hashable {
    private let words: [4 of UInt64]

    static let length = 32

    /// - Precondition: 32 bytes are there.
    init(_ bytes: RawSpan, at offset: Int) {
        words = [4 of UInt64] { bytes.eight(at: offset + 8 * $0) }
    }

    var bytes: [UInt8] {
        (0..<4).flatMap { index in
            (0..<8).map { UInt8(truncatingIfNeeded: words[index] >> (56 - 8 * UInt64($0))) }
        }
    }

    static func == (a: TLSRandom, b: TLSRandom) -> Bool {
        (0..<4).allSatisfy { a.words[$0] == b.words[$0] }
    }

    func hash(into hasher: inout Hasher) {
        for index in 0..<4 { hasher.combine(words[index]) }
    }
}

/// What a key log knows of one connection.
struct TLSSecrets {
    /// Of TLS 1.2.
    var master: [UInt8]?
    /// Of TLS 1.3, by direction (0 client, 1 server) and in the order in which they are used: early data,
    /// handshake, application data.
    var early: [UInt8]?
    var handshake: [2 of [UInt8]?] = [nil, nil]
    var traffic: [2 of [UInt8]?] = [nil, nil]
}

/// Secrets of TLS connections in the format of NSS (draft-ietf-tls-keylogfile): a label, the random of the
/// ClientHello and a secret on each line, in hexadecimal digits. They are kept in memory only and are never
/// printed.
final class KeyLog {
    private var secrets: [TLSRandom: TLSSecrets] = [:]

    /// Longer lines are none of ours: the longest label, 32 and 64 bytes.
    private static let longestLine = 512
    /// Connections whose secrets are kept.
    private static let limit = 1 << 21

    var isEmpty: Bool { secrets.isEmpty }

    func secrets(of client: TLSRandom) -> TLSSecrets? { secrets[client] }

    /// Adds what a file holds.
    /// - Throws: `.unreadable`, and `.damagedKeyLog` if a line breaks the format or none holds a secret.
    func read(path: String) throws(CaptureError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .unreadable(path: path, errno: errno) }
        defer { close(file) }
        var (line, number, isTooLong) = ([UInt8](), 1, false)
        var block = [UInt8](repeating: 0, count: 64 << 10)
        func finish() throws(CaptureError) {
            guard !isTooLong, let fault = add(line.span.bytes) else { return }
            throw .damagedKeyLog(path: path, line: number, why: fault)
        }
        while true {
            let count = Glibc.read(file, &block, block.count)
            guard count >= 0 else { throw .unreadable(path: path, errno: errno) }
            guard count > 0 else { break }
            for byte in block[..<count] {
                if byte == 0x0A {
                    try finish()
                    (line, number, isTooLong) = ([], number + 1, false)
                } else if line.count < Self.longestLine {
                    line.append(byte)
                } else {
                    isTooLong = true
                }
            }
        }
        // The last line may still be being written.
        if !line.isEmpty { _ = add(line.span.bytes) }
        guard !isEmpty else {
            throw .damagedKeyLog(
                path: path, line: number, why: "the file holds no secret of TLS 1.2 or 1.3")
        }
    }

    /// Adds what a Decryption Secrets Block of a pcapng file holds; lines that break the format are left out.
    func read(_ text: RawSpan) {
        var start = 0
        for offset in 0...text.byteCount
        where offset == text.byteCount || text.byte(at: offset) == 0x0A {
            if offset - start <= Self.longestLine { _ = add(text.extracting(start..<offset)) }
            start = offset + 1
        }
    }

    private enum Label: String {
        case master = "CLIENT_RANDOM"
        case early = "CLIENT_EARLY_TRAFFIC_SECRET"
        case clientHandshake = "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
        case serverHandshake = "SERVER_HANDSHAKE_TRAFFIC_SECRET"
        case clientTraffic = "CLIENT_TRAFFIC_SECRET_0"
        case serverTraffic = "SERVER_TRAFFIC_SECRET_0"
    }

    /// - Returns: what is wrong with the line, which may be empty, a comment, or of an unknown label.
    private func add(_ line: RawSpan) -> String? {
        let text = line.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
        guard let first = words.first, !first.hasPrefix("#") else { return nil }
        guard let label = Label(rawValue: String(first)) else {
            let isLabel = first.utf8.allSatisfy {
                0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 || $0 == 0x5F
            }
            return isLabel ? nil : "it does not begin with a label"
        }
        guard words.count == 3, let random = bytes(words[1]), random.count == TLSRandom.length
        else {
            return "a label is followed by 64 hexadecimal digits and a secret"
        }
        guard let secret = bytes(words[2]), [32, 48].contains(secret.count) else {
            return "a secret has 64 or 96 hexadecimal digits"
        }
        add(secret, label, TLSRandom(random.span.bytes, at: 0))
        return nil
    }

    private func add(_ secret: [UInt8], _ label: Label, _ random: TLSRandom) {
        guard secrets.count < Self.limit || secrets[random] != nil else { return }
        var known = secrets[random] ?? TLSSecrets()
        switch label {
        case .master: known.master = secret
        case .early: known.early = secret
        case .clientHandshake: known.handshake[0] = secret
        case .serverHandshake: known.handshake[1] = secret
        case .clientTraffic: known.traffic[0] = secret
        case .serverTraffic: known.traffic[1] = secret
        }
        secrets[random] = known
    }

    private func bytes(_ digits: Substring) -> [UInt8]? {
        let digits = Array(digits.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1])
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
