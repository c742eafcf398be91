import Layout
import MQTT
import Testing

/// How many bytes a message takes, as the reference puts it into formulas (3.6 and 8.2).
@Suite struct ValueSizeTests {
    static let lengths = [0, 1, 2, 9, 60, 127, 128, 129, 255, 256, 300, 1_000, 16_383]

    /// Checklist 12. Fails if a header or a flag is left out of a value, or an atom is encoded otherwise.
    @Test(arguments: [AtomEncoding.otp26, .otp25])
    func termsTakePayloadAndClientAndVaryingPartAndAConstant(_ atoms: AtomEncoding) throws {
        // Thirteen atoms, twelve where the user name is a binary, one length byte more each before OTP 26.
        let (anonymous, named) = atoms == .otp26 ? (209, 203) : (222, 215)
        for length in Self.lengths {
            let bare = Sizes(format: RowFormat(atoms: atoms))
            #expect(try bare.with(\.payload, length).size == anonymous + 9 + length)
            #expect(try bare.with(\.client, length).size == anonymous + 5 + length)
            #expect(try bare.with(\.varying, length).size == anonymous + 14 + length)
            #expect(try bare.with(\.user, length).size == named + 14 + length)
        }
    }

    /// A length of 128 and more takes a second byte.
    @Test func packedValuesTakePayloadAndClientAndVaryingPartAndAConstant() throws {
        for length in Self.lengths {
            let bare = Sizes(format: RowFormat(values: .asn1))
            let long = length < 128 ? 0 : 1
            #expect(try bare.with(\.payload, length).size == 31 + 9 + length + long)
            #expect(try bare.with(\.client, length).size == 31 + 5 + length + long)
            #expect(try bare.with(\.varying, length).size == 31 + 14 + length + long)
            #expect(try bare.with(\.user, length).size == 32 + 14 + length + long)
        }
    }

    /// EMQX 6 stores no topic with the message: 233 bytes for 200 of payload (reference 8.7), of a client
    /// whose id has one byte.
    @Test func whatStandsInTheKeyIsNotInTheValue() throws {
        var sizes = Sizes(format: RowFormat(values: .asn1, keys: .skipstreamV2))
        (sizes.payload, sizes.client, sizes.varying) = (200, 1, 40)
        #expect(try sizes.size == 233)
    }

    @Test(arguments: [AtomEncoding.otp26, .otp25])
    func propertiesOfTermsTakeWhatTheReferenceSays(_ atoms: AtomEncoding) throws {
        let bare = Sizes(format: RowFormat(atoms: atoms))
        let more = atoms == .otp26 ? 0 : 1
        for length in Self.lengths {
            let text = [UInt8](repeating: 0x61, count: length)
            #expect(try bare.cost(of: [0x03] + field(text)) == 19 + length + more)
            let pairs = [0x26] + field(text) + field([0x62]) + [0x26] + field([]) + field(text)
            #expect(try bare.cost(of: pairs) == 21 + (12 + length + 1) + (12 + length) + more)
        }
        #expect(try bare.cost(of: [0x02, 0, 0, 0, 255]) == 27 + more)
        #expect(try bare.cost(of: [0x02, 0, 0, 1, 0]) == 30 + more)
    }

    /// Sixteen groups of 16 KiB, where lengths change their form, in every field that may be so long.
    @Test(arguments: [
        (16_383, 2), (16_384, 2), (16_384 + 127, 2), (16_384 + 128, 3), (32_768, 2), (65_535, 3),
        (65_536, 2), (65_536 + 16_384, 3), (100_000, 4), (200_000, 5), (262_144, 5),
    ])
    func longFieldsAreFragmented(_ length: Int, _ determinants: Int) throws {
        var sizes = Sizes(format: RowFormat(values: .asn1))
        sizes.payload = length
        #expect(try sizes.size == 30 + 9 + length + determinants)
        let value = try sizes.value()
        var properties: [UInt8] = []
        let message = try StoredMessage(
            decoding: value.span.bytes, as: .asn1, appendingPropertiesTo: &properties)
        #expect(message.payload.count == length)
        var payload: [UInt8] = []
        message.payload.append(from: value.span.bytes, to: &payload)
        #expect(payload == sizes.payloadBytes)
        #expect(message.payload.withBytes(of: value.span.bytes) { $0.byteCount } == length)
        #expect(message.payload.isFragmented == (length >= 16_384))
    }

    /// Of the longest topic, client id and user name there can be, and more user properties than one
    /// fragment of a list holds.
    @Test func everyLongFieldIsReadBack() throws {
        var sizes = Sizes(format: RowFormat(values: .asn1))
        (sizes.client, sizes.varying, sizes.user) = (65_535, 65_535, 65_535)
        for _ in 0..<40_000 { sizes.properties += [0x26] + field([0x6B]) + field([]) }
        sizes.properties += [0x09] + field([UInt8](repeating: 7, count: 65_535))
        let value = try sizes.value()
        var properties: [UInt8] = []
        let message = try StoredMessage(
            decoding: value.span.bytes, as: .asn1, appendingPropertiesTo: &properties)
        #expect(message.from.count == 65_535 && message.varying.count == 65_535)
        #expect(try sorted(properties) == sorted(sizes.properties))
        #expect(message.varying.withBytes(of: value.span.bytes) { $0.byteCount } == 65_535)
    }
}

/// A message by the sizes of its parts: an IPv4 peer with a port above 255, no flags.
private struct Sizes {
    var format: RowFormat
    var payload = 5
    var client = 9
    /// Bytes of the one varying level.
    var varying = 0
    /// Bytes of the user name; nil if there is none.
    var user: Int?
    var properties: [UInt8] = []

    /// The part at `path` has this size; the other two keep 5, 9 and 0.
    func with(_ path: WritableKeyPath<Sizes, Int>, _ size: Int) -> Sizes {
        var copy = self
        copy[keyPath: path] = size
        return copy
    }

    func with(_ path: WritableKeyPath<Sizes, Int?>, _ size: Int) -> Sizes {
        var copy = self
        copy[keyPath: path] = size
        return copy
    }

    var payloadBytes: [UInt8] { (0..<payload).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) } }

    var size: Int { get throws { try value().count } }

    func cost(of properties: [UInt8]) throws -> Int {
        var copy = self
        copy.properties = properties
        return try copy.size - size
    }

    func value() throws -> [UInt8] {
        let peer = try #require(PeerAddress(bytes: [127, 0, 0, 1], port: 1883))
        let publisher = PublisherHeader(
            clientID: String(repeating: "c", count: client), peer: peer, version: .v5,
            username: user.map { String(repeating: "u", count: $0) }, format: format)
        let topic = [UInt8](repeating: 0x74, count: varying)
        let payload = payloadBytes
        var bytes: [UInt8] = []
        try publisher.appendValue(
            qos: .atLeastOnce, retain: false, topic: topic.span.bytes,
            varying: varying == 0 ? [] : [topic.indices], payload: payload.span.bytes,
            properties: properties.span.bytes, timestamp: 1_795_453_740_334, to: &bytes)
        return bytes
    }
}
