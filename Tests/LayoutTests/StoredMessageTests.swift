import Layout
import MQTT
import Measure
import Testing

@Suite struct StoredMessageTests {
    /// A message as a client may send it, and where its trie put it.
    private struct Sample {
        var clientID = ""
        var peer: [UInt8] = []
        var username: String?
        var qos = QoS.atMostOnce
        var (dup, retain) = (false, false)
        var topic: [UInt8] = []
        var varying: [Range<Int>] = []
        var payload: [UInt8] = []
        var properties: [UInt8] = []
        var timestamp: Int64 = 0

        init(using seed: inout Seed) {
            clientID = text(0...30, using: &seed)
            peer = octets(Bool.random(using: &seed) ? 4 : 16, using: &seed)
            username = Bool.random(using: &seed) ? text(0...9, using: &seed) : nil
            qos = QoS.allCases.randomElement(using: &seed) ?? .atMostOnce
            dup = Bool.random(using: &seed)
            retain = Bool.random(using: &seed)
            topic = Array(randomTopic(using: &seed).utf8)
            var start = 0
            for level in topic.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            {
                if Bool.random(using: &seed) { varying.append(start..<start + level.count) }
                start += level.count + 1
            }
            payload = octets(Int.random(in: 0...300, using: &seed), using: &seed)
            for id in [0x03, 0x09, 0x02, 0x01, 0x08, 0x26, 0x26].shuffled(using: &seed) as [UInt8] {
                if Bool.random(using: &seed) {
                    properties += [id] + Sample.body(of: id, using: &seed)
                }
            }
            timestamp = Int64.random(in: 0...1 << 45, using: &seed)
        }

        private static func body(of id: UInt8, using seed: inout Seed) -> [UInt8] {
            switch id {
            case 0x01: [UInt8.random(in: 0...1, using: &seed)]
            case 0x02: octets(4, using: &seed)
            case 0x09: field(octets(Int.random(in: 0...20, using: &seed), using: &seed))
            case 0x26: field(text(0...9, using: &seed).utf8) + field(text(0...9, using: &seed).utf8)
            default: field(text(0...20, using: &seed).utf8)
            }
        }

        func value(_ format: ValueFormat, _ atoms: AtomEncoding = .otp26) throws -> [UInt8] {
            let peer = try #require(PeerAddress(bytes: peer, port: 1883))
            let publisher = PublisherHeader(
                clientID: clientID, peer: peer, version: .v5, username: username,
                format: RowFormat(values: format, atoms: atoms))
            var bytes: [UInt8] = []
            try publisher.appendValue(
                qos: qos, dup: dup, retain: retain, topic: topic.span.bytes, varying: varying,
                payload: payload.span.bytes, properties: properties.span.bytes,
                timestamp: timestamp,
                to: &bytes)
            return bytes
        }
    }

    @Test(arguments: 0..<200) func whatWasStoredIsReadBack(_ root: UInt64) throws {
        var seed = Seed(root)
        let sample = Sample(using: &seed)
        for (format, atoms) in [
            (ValueFormat.v1, AtomEncoding.otp26), (.v1, .otp25), (.asn1, .otp26),
        ] {
            try expectReadBack(sample, format, atoms, "seed \(root), \(format), \(atoms)")
        }
    }

    private func expectReadBack(
        _ sample: Sample, _ format: ValueFormat, _ atoms: AtomEncoding, _ context: Comment
    ) throws {
        let value = try sample.value(format, atoms)
        var properties: [UInt8] = [0xEE]
        let message = try StoredMessage(
            decoding: value.span.bytes, as: format, appendingPropertiesTo: &properties)
        #expect(
            message.qos == sample.qos && message.dup == sample.dup
                && message.retain == sample.retain)
        #expect(String(decoding: value[message.from.range], as: UTF8.self) == sample.clientID)
        #expect(Array(value[message.payload.range]) == sample.payload)
        #expect(message.timestamp == sample.timestamp)
        let tokens = sample.varying.map { sample.topic[$0] }
        #expect(
            Array(value[message.varying.range])
                == Array(tokens.joined(separator: [UInt8(ascii: "/")])))
        #expect(properties[0] == 0xEE)
        #expect(
            try sorted(Array(properties.dropFirst())) == sorted(sample.properties), context)
        guard format == .v1 else { return }
        // And as a term, by the other reader.
        guard case .tuple(let fields) = try Term(decoding: value.span.bytes) else {
            Issue.record(context)
            return
        }
        #expect(fields.count == 9)
        #expect(fields[1] == .integer(Int64(sample.qos.rawValue)))
        #expect(fields[6] == .binary(sample.payload))
    }

    /// Values of both serializers cut off at every byte, and 20,000 with one or two bytes changed.
    @Test(arguments: ValueFormat.allCases) func damagedValuesAreRefusedOrReadButNeverCrash(
        _ format: ValueFormat
    ) throws {
        var seed = Seed(9)
        var refused = 0
        for _ in 0..<30 {
            let value = try Sample(using: &seed).value(format)
            for count in value.indices {
                let part = Array(value[..<count])
                var properties: [UInt8] = []
                #expect(throws: LayoutError.self) {
                    _ = try StoredMessage(
                        decoding: part.span.bytes, as: format, appendingPropertiesTo: &properties)
                }
                #expect(properties.isEmpty)
                guard format == .v1 else { continue }
                #expect(throws: LayoutError.self) { _ = try Term(decoding: part.span.bytes) }
            }
            for _ in 0..<333 {
                let broken = damaged(damaged(value, using: &seed) + [0], using: &seed)
                var bytes: [UInt8] = []
                do throws(LayoutError) {
                    let message = try StoredMessage(
                        decoding: broken.span.bytes, as: format, appendingPropertiesTo: &bytes)
                    for part in [message.from, message.varying, message.payload] {
                        part.append(from: broken.span.bytes, to: &bytes)
                    }
                    if format == .v1 { _ = try Term(decoding: broken.span.bytes) }
                } catch { refused += 1 }
            }
        }
        #expect(refused > 1000)
    }

    /// Erlang fixes no order inside maps.
    @Test func theOrderOfHeadersDoesNotMatter() throws {
        let value = bytes(
            hex: "836809" + "6d00000000" + "6102" + "6d00000001" + "61"
                + "7400000003" + "770672657461696e" + "770474727565" + "77016b" + "6101"
                + "7703647570"
                + "770566616c7365"
                + "7400000002" + "770a70726f70657274696573" + "7400000001"
                + "770b546f7069632d416c696173"
                + "6105"
                + "770178" + "6a" + "6d00000000" + "6d00000001" + "70" + "6105" + "7400000000")
        var properties: [UInt8] = []
        let message = try StoredMessage(
            decoding: value.span.bytes, appendingPropertiesTo: &properties)
        #expect(
            message.retain && !message.dup && message.qos == .exactlyOnce && message.timestamp == 5)
        // A topic alias means nothing on another connection.
        #expect(properties.isEmpty)
    }

    @Test func aPropertyThatNoClientMaySendIsRefusedAndLeavesNothing() throws {
        let peer = try #require(PeerAddress(bytes: [127, 0, 0, 1], port: 1))
        let publisher = PublisherHeader(clientID: "c", peer: peer, version: .v5, username: nil)
        var bytes: [UInt8] = [1, 2, 3]
        // A subscription identifier, and a content type that is cut off.
        for properties in [[0x0B, 0x05], [0x03, 0x00, 0x09, 0x61]] as [[UInt8]] {
            let empty: [UInt8] = []
            #expect(throws: CodecError.self) {
                try publisher.appendValue(
                    qos: .atLeastOnce, retain: false, topic: empty.span.bytes, varying: [],
                    payload: empty.span.bytes, properties: properties.span.bytes, timestamp: 0,
                    to: &bytes)
            }
            #expect(bytes == [1, 2, 3])
        }
    }

    @Test func aPeerHasFourOrSixteenBytes() {
        for count in [0, 3, 5, 15, 17] {
            #expect(PeerAddress(bytes: [UInt8](repeating: 0, count: count), port: 1) == nil)
        }
    }
}

private func text(_ counts: ClosedRange<Int>, using seed: inout Seed) -> String {
    let letters = ["a", "b", "ä", "名"]
    return (0..<Int.random(in: counts, using: &seed)).map { _ in
        letters[Int.random(in: 0...3, using: &seed)]
    }
    .joined()
}

private func octets(_ count: Int, using seed: inout Seed) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &seed) }
}
