/// The broker that a replay is sent to, as `--target` names it.
package struct Target: Hashable, Sendable {
    package enum Scheme: String, CaseIterable, Sendable {
        case mqtt, mqtts

        package var isEncrypted: Bool { self == .mqtts }
        /// As registered with IANA.
        var port: UInt16 { isEncrypted ? 8_883 : 1_883 }
    }

    package let scheme: Scheme
    /// A name or an address, without brackets.
    package let host: String
    package let port: UInt16

    /// - Parameter text: `mqtt://broker.example`, `mqtts://192.0.2.7:8884`, `mqtt://[::1]:1883`.
    /// - Throws: `.notATarget`, `.holdsCredentials`.
    package init(parsing text: String) throws(TargetError) {
        guard let end = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: String(text[..<end.lowerBound]))
        else { throw .notATarget(text) }
        var rest = text[end.upperBound...]
        // Not shown: what is before it may be a password.
        guard !rest.contains("@") else { throw .holdsCredentials }
        if rest.last == "/" { rest.removeLast() }
        guard let (host, port) = Self.split(rest) else { throw .notATarget(text) }
        (self.scheme, self.host, self.port) = (scheme, host, port ?? scheme.port)
    }

    /// - Returns: the host, and the port if there is one; nil if it is neither.
    private static func split(_ text: Substring) -> (String, UInt16?)? {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
            guard host.contains(":") else { return nil }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        let isPlain = host.allSatisfy { !$0.isWhitespace && !"/?#[]".contains($0) }
        guard !host.isEmpty, isPlain else { return nil }
        guard let port else { return (String(host), nil) }
        guard port.allSatisfy(\.isASCIIDigit), let number = UInt16(port), number > 0 else {
            return nil
        }
        return (String(host), number)
    }
}

extension Target: CustomStringConvertible {
    package var description: String {
        "\(scheme.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
