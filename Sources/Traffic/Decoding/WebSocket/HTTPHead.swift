/// The head of an HTTP/1.1 request or answer: its first line and its fields.
struct HTTPHead {
    private let lines: [Substring]

    /// Longer heads are not waited for: those of upgrades hold cookies at most.
    static let longest = 16 << 10

    /// - Parameter start: where its end may be.
    /// - Returns: the head at the front of `bytes` and its length; nil if its end is not there.
    static func find(in bytes: RawSpan, from start: Int = 0) -> (head: HTTPHead, length: Int)? {
        // The empty line
        let end: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        guard bytes.byteCount >= start + end.count else { return nil }
        for offset in start...bytes.byteCount - end.count {
            let isEnd = bytes.extracting(offset..<offset + end.count).agrees(with: end)
            guard isEnd else { continue }
            let text = bytes.extracting(0..<offset).withUnsafeBytes {
                String(decoding: $0, as: UTF8.self)
            }
            let head = HTTPHead(
                lines: text.split(separator: "\r\n", omittingEmptySubsequences: true))
            return (head, offset + end.count)
        }
        return nil
    }

    var firstLine: Substring { lines.first ?? "" }

    /// What the fields of this name hold, in lower case and cut at commas.
    func values(_ name: String) -> [String] {
        lines.dropFirst().flatMap { line -> [String] in
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name else {
                return []
            }
            return line[line.index(after: colon)...].lowercased().split(separator: ",").map {
                String($0.drop { $0 == " " || $0 == "\t" }.prefix { $0 != ";" && $0 != " " })
            }
        }
    }

    /// Asks to go on with WebSocket (RFC 6455, section 4.1).
    var asksForWebSocket: Bool {
        firstLine.hasPrefix("GET ") && values("upgrade").contains("websocket")
    }

    /// Goes on with WebSocket (RFC 6455, section 4.2.2).
    var grantsWebSocket: Bool {
        firstLine.split(separator: " ").dropFirst().first == "101"
            && values("upgrade").contains("websocket")
    }

    /// With compressed messages (RFC 7692).
    var compresses: Bool {
        values("sec-websocket-extensions").contains {
            $0.hasSuffix("-deflate") || $0.hasSuffix("-deflate-frame")
        }
    }

    /// The subprotocols of MQTT: "mqtt" since 3.1.1 (MQTT-6.0.0-3), "mqttv3.1" before.
    var speaksMQTT: Bool {
        let names = values("sec-websocket-protocol")
        return names.contains { $0 == "mqtt" || $0.hasPrefix("mqttv3") }
    }
}
