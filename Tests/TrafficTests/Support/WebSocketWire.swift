import MQTT

/// The bytes of WebSocket, written by hand.
enum WebSocket {
    static func request(protocols: String? = "mqtt", extensions: String? = nil) -> [UInt8] {
        head(
            "GET /mqtt HTTP/1.1",
            [
                "Host: broker.example", "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
                "Sec-WebSocket-Version: 13",
            ], protocols, extensions)
    }

    static func answer(protocols: String? = "mqtt", extensions: String? = nil) -> [UInt8] {
        head(
            "HTTP/1.1 101 Switching Protocols",
            ["Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk="], protocols, extensions)
    }

    private static func head(
        _ first: String, _ fields: [String], _ protocols: String?, _ extensions: String?
    ) -> [UInt8] {
        let lines =
            [first, "upgrade: WebSocket", "Connection: keep-alive, Upgrade"] + fields
            + [
                protocols.map { "Sec-WebSocket-Protocol: \($0)" },
                extensions.map { "Sec-WebSocket-Extensions: \($0)" },
            ].compactMap { $0 }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// - Parameter mask: of a client.
    static func frame(
        _ payload: [UInt8], opcode: UInt8 = 2, isFinal: Bool = true, isCompressed: Bool = false,
        mask: UInt32? = nil
    ) -> [UInt8] {
        var bytes = [opcode | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0)]
        let marked: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case ..<126: bytes.append(UInt8(payload.count) | marked)
        case ...0xFFFF: bytes += [126 | marked] + UInt16(payload.count).wire
        default: bytes += [127 | marked] + UInt64(payload.count).wire
        }
        guard let mask else { return bytes + payload }
        let key = mask.wire
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
    }
}

extension Wire {
    /// SYN, the upgrade, CONNECT and CONNACK.
    mutating func connectOverWebSocket(_ connect: Connect) {
        handshake()
        client(WebSocket.request())
        broker(WebSocket.answer())
        client(WebSocket.frame(Packet.connect(connect).bytes(), mask: 0x1234_5678))
        broker(WebSocket.frame(Packet.connack(Connack()).bytes(connect.version)))
    }
}
