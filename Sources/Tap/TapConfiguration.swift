/// Where a recording proxy listens, to whom it passes on, and where it writes.
package struct TapConfiguration: Sendable {
    package var listen: Address
    package var upstream: Address
    /// A file, or a folder in which files with the time in their names are made.
    package var output: Output
    package var rotation = Rotation()
    /// How long a connection to the broker is tried, seconds.
    package var connectTimeout = 5

    package enum Output: Sendable {
        case file(String)
        case folder(String)
    }

    /// When a new file is begun.
    package struct Rotation: Sendable {
        /// Bytes of a file.
        package var size: Int?
        /// Seconds of a file.
        package var seconds: Double?

        package init(size: Int? = nil, seconds: Double? = nil) {
            (self.size, self.seconds) = (size, seconds)
        }
    }

    package struct Address: Equatable, Sendable, CustomStringConvertible {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) { (self.host, self.port) = (host, port) }

        /// "127.0.0.1:1883", "broker.example:1883" or "[::1]:1883"; nil if it is none of these.
        package init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"),
                let port = UInt16(text[text.index(after: colon)...])
            else { return nil }
            var host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = host.dropFirst().dropLast()
            } else if host.contains(":") {
                return nil
            }
            guard !host.isEmpty else { return nil }
            self.init(host: String(host), port: Int(port))
        }

        package var description: String {
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    package init(listen: Address, upstream: Address, output: Output) {
        (self.listen, self.upstream, self.output) = (listen, upstream, output)
    }
}

/// Why nothing is recorded; the environment's fault.
package struct TapError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// What a recording came to.
package struct TapSummary: Equatable, Sendable {
    /// Connections that carried MQTT.
    package var connections = 0
    package var malformedPackets = 0
    /// Of the trace files.
    package var bytes = 0
    package var files: [String] = []
    /// Why writing ended before the proxy did; nil if it did not.
    package var failure: String?
}
