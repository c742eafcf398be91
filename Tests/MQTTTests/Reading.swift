import MQTT

/// A span cannot be captured by `#expect`, so tests read through these.
func read(_ bytes: [UInt8], _ version: ProtocolVersion = .v5) -> Result<Packet, CodecError> {
    Result { () throws(CodecError) in try Packet.read(bytes.span.bytes, version: version) }
}

func readHeader(_ bytes: [UInt8], at offset: Int = 0, limit: Int = 268_435_460) -> Result<
    FixedHeader, CodecError
> {
    Result { () throws(CodecError) in
        try FixedHeader.read(bytes.span.bytes, at: offset, limit: limit)
    }
}

func readPublish(_ bytes: [UInt8], _ version: ProtocolVersion = .v5) -> Result<
    PublishHeader, CodecError
> {
    Result { () throws(CodecError) in try PublishHeader.read(bytes.span.bytes, version: version) }
}

func write(_ packet: Packet, _ version: ProtocolVersion = .v5) -> [UInt8] {
    var bytes: [UInt8] = []
    packet.write(to: &bytes, version: version)
    return bytes
}

func walk(_ bytes: [UInt8], from start: Int = 0) -> Result<[RawProperty], CodecError> {
    Result { () throws(CodecError) in
        var offset = start
        var found: [RawProperty] = []
        while let property = try PropertyWalk.next(bytes.span.bytes, at: &offset) {
            found.append(property)
        }
        return found
    }
}

extension TopicFilter {
    func matches(_ topic: String) -> Bool { matches(Array(topic.utf8).span.bytes) }
}

/// A packet around `body`, whose length is less than 128.
func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
    precondition(body.count < 128)
    return [first, UInt8(body.count)] + body
}

/// Two bytes of length and the text.
func text(_ text: String) -> [UInt8] {
    [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 0xFF)] + text.utf8
}

func id(_ number: UInt16) -> PacketID {
    guard let id = PacketID(number) else { preconditionFailure("tests use identifiers above zero") }
    return id
}
