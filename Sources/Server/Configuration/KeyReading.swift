internal import Foundation
internal import HOCON

/// A key's value on its way into the configuration. Every error names the file, the line and what would be right.
struct KeyReading {
    /// Dotted, as it is written.
    let path: String
    let entry: HOCONObject.Entry
    /// The parts of `path`.
    let names: [String]

    func integer(in range: ClosedRange<Int64>) throws(HOCONError) -> Int64 {
        let value = try entry.integer(path)
        guard range.contains(value) else {
            throw entry.error(
                "`\(path)` is \(value); write a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    /// A whole number, or `infinity`.
    func count(in range: ClosedRange<Int64>) throws(HOCONError) -> Int64? {
        isInfinity ? nil : try integer(in: range)
    }

    func number(in range: ClosedRange<Double>) throws(HOCONError) -> Double {
        guard case .number(let text) = entry.value, let value = Double(text), range.contains(value)
        else {
            throw entry.error(
                "`\(path)` is \(shown); write a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    func bool() throws(HOCONError) -> Bool {
        guard case .bool(let value) = entry.value else {
            throw entry.error("`\(path)` has to be a boolean, not \(shown); write true or false")
        }
        return value
    }

    func text() throws(HOCONError) -> String {
        switch entry.value {
        case .string(let text), .number(let text): return text
        default: throw entry.error("`\(path)` has to be text, not \(shown); write it in quotes")
        }
    }

    func choice<Value>(_ choices: [(name: String, value: Value)]) throws(HOCONError) -> Value {
        let text: String
        switch entry.value {
        case .string(let word): text = word
        case .bool(let value): text = value ? "true" : "false"
        default: text = shown
        }
        guard let choice = choices.first(where: { $0.name == text }) else {
            throw entry.error(
                "`\(path)` has to be one of \(choices.map(\.name).joined(separator: ", ")), not \(shown)"
            )
        }
        return choice.value
    }

    func bytes(in range: ClosedRange<Int64>) throws(HOCONError) -> Int64 {
        let value = try entry.bytes(path)
        guard range.contains(value) else {
            throw entry.error(
                "`\(path)` is \(value) bytes; write a size from \(range.lowerBound) to \(range.upperBound) bytes"
            )
        }
        return value
    }

    /// Milliseconds; nil is `infinity`.
    func duration(mayBeInfinite: Bool = false) throws(HOCONError) -> Int64? {
        if mayBeInfinite, isInfinity { return nil }
        let value = try entry.duration(path)
        guard (0...Self.longest).contains(value) else {
            throw entry.error(
                "`\(path)` is longer than \(Self.longest / 86_400_000) days; write less")
        }
        return value
    }

    /// `"1000/s"`, `"10/5m"` or a number per second; nil is `infinity`. Per second.
    func rate() throws(HOCONError) -> Double? {
        if isInfinity { return nil }
        if case .number(let text) = entry.value, let rate = Double(text), rate > 0 { return rate }
        if case .string(let text) = entry.value {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            if parts.count == 2, let count = Double(parts[0].filter { $0 != " " }), count > 0,
                let seconds = Self.seconds(String(parts[1])), seconds > 0
            {
                return count / seconds
            }
        }
        throw entry.error("`\(path)` has to be a rate, not \(shown); write it like \"1000/s\"")
    }

    /// `"ADDRESS:PORT"`, `"[IPv6]:PORT"`, or a port alone, which is loopback's.
    func endpoint() throws(HOCONError) -> ServerConfiguration.Endpoint {
        guard let endpoint = ServerConfiguration.Endpoint(try text()) else {
            throw entry.error(
                "`\(path)` has to be an address and a port, not \(shown); write it like "
                    + "\"127.0.0.1:1883\", or \"0.0.0.0:1883\" for all addresses")
        }
        return endpoint
    }

    /// A path, from the folder of the file that names it.
    func file() throws(HOCONError) -> String {
        let text = try text()
        guard !text.isEmpty else {
            throw entry.error("`\(path)` is empty; write the path of a file, or leave the key out")
        }
        guard !text.hasPrefix("/"), let file = entry.position?.file, file.contains("/") else {
            return text
        }
        return (file as NSString).deletingLastPathComponent + "/" + text
    }

    private var isInfinity: Bool { entry.value == .string("infinity") }

    private var shown: String {
        switch entry.value {
        case .object, .array: entry.value.kind
        case .string, .number, .bool, .null: entry.value.inline
        }
    }

    /// `s`, `5m`: a unit may stand alone.
    private static func seconds(_ text: String) -> Double? {
        let trimmed = text.filter { $0 != " " }
        let window = trimmed.first?.isNumber == true ? trimmed : "1" + trimmed
        let block = HOCONValue.object(HOCONObject([("window", .string(window))]))
        let time = try? block.duration(at: "window")
        return time.flatMap { $0 }.map { Double($0) / 1_000 }
    }

    /// Milliseconds of the longest duration: what a session's expiry interval can hold, in seconds.
    private static let longest = Int64(UInt32.max) * 1_000
}

extension ServerConfiguration.Endpoint {
    /// Reads `ADDRESS:PORT`, `[IPv6]:PORT` or `PORT`; a port alone is loopback's, because nothing listens beyond it
    /// unless an address says so.
    package init?(_ text: String) {
        let colon = text.lastIndex(of: ":")
        let host = colon.map { text[..<$0] } ?? "127.0.0.1"
        let digits = colon.map { text[text.index(after: $0)...] } ?? text[...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let port = Int(digits), (0...65_535).contains(port)
        else { return nil }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard isBracketed || !host.contains(":") else { return nil }
        let address = isBracketed ? host.dropFirst().dropLast() : host
        // EMQX writes `:1883` for all addresses; here that takes an address.
        self.init(host: address.isEmpty ? "127.0.0.1" : String(address), port: port)
    }

    /// As `init` reads it.
    package var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
