import MQTT
import Testing

@Test func publishHeaderPointsIntoThePacket() throws {
    // topic t at 4, identifier at 5, properties of eight bytes at 8, payload at 16
    let bytes = packet(0x3D, [0, 1, 0x74, 1, 2, 8, 0x23, 0, 7, 0x02, 0, 0, 0, 9, 0xAA, 0xBB])
    let header = try readPublish(bytes).get()
    #expect((header.dup, header.qos, header.retain) == (true, .exactlyOnce, true))
    #expect(header.topic == 4..<5)
    #expect((header.packetID, header.packetIDOffset, header.topicAlias) == (0x0102, 5, 7))
    #expect(header.properties == 8..<16)
    #expect(header.payload == 16..<18)
}

@Test func publishHeaderBeforeVersion5HasNoProperties() throws {
    let header = try readPublish([0x30, 4, 0, 1, 0x74, 0xFF], .v3_1_1).get()
    #expect((header.packetID, header.packetIDOffset, header.topicAlias) == (0, 5, 0))
    #expect(header.properties.isEmpty)
    #expect(header.payload == 5..<6)
}

@Test(arguments: seeds) func spansAreWrittenAsThePacketWouldBe(seed: UInt64) throws {
    var chance = Chance(seed: seed)
    for _ in 0..<200 {
        let version = chance.version()
        let bytes = write(chance.packet(.publish, version), version)
        let header = try readPublish(bytes, version).get()
        var copy: [UInt8] = []
        writePublish(
            topic: bytes.span.bytes.extracting(header.topic),
            payload: bytes.span.bytes.extracting(header.payload),
            qos: header.qos, retain: header.retain, dup: header.dup,
            packetID: PacketID(header.packetID),
            properties: bytes.span.bytes.extracting(header.properties), version: version, to: &copy)
        #expect(copy == bytes, "seed \(seed), \(version)")
    }
}

@Test func packetIdentifierCanBeReplacedInPlace() throws {
    var bytes = write(
        .publish(Publish(qos: .atLeastOnce, topic: "a/b", packetID: id(7), payload: [1])))
    let header = try readPublish(bytes).get()
    bytes[header.packetIDOffset] = 0x12
    bytes[header.packetIDOffset + 1] = 0x34
    #expect(try readPublish(bytes).get().packetID == 0x1234)
}

@Test(arguments: [PacketType.puback, .pubrec, .pubrel, .pubcomp], ProtocolVersion.allCases)
func shortAcknowledgementIsTheOneForSuccess(_ type: PacketType, _ version: ProtocolVersion) throws {
    var bytes: [UInt8] = []
    writeAcknowledgement(type, id(0x0102), to: &bytes)
    let packet = try read(bytes, version).get()
    #expect(packet.type == type)
    #expect(write(packet, version) == bytes)
    #expect(bytes.count == 4)
}

@Test func walkGivesNumbersAndRangesInThePacket() throws {
    // behind three bytes that are no properties: an expiry, a pair, binary data
    let bytes: [UInt8] =
        [9, 9, 9] + [0x02, 0, 1, 0, 0] + [0x26, 0, 1, 0x6B, 0, 2, 0x76, 0x77] + [
            0x09, 0, 3, 1, 2, 3,
        ]
    let found = try walk(bytes, from: 3).get()
    #expect(found.map(\.id) == [.messageExpiryInterval, .userProperty, .correlationData])
    #expect(found.map(\.number) == [0x10000, 0, 0])
    #expect((found[1].first, found[1].second) == (11..<12, 14..<16))
    #expect(found[2].first == 19..<22)
}

/// Table 2-4 by itself: how many properties each packet may carry.
@Test(
    arguments: [
        (.will, 7), (.connect, 9), (.connack, 17), (.publish, 8), (.acknowledgements, 2),
        (.subscribe, 2), (.suback, 2),
        (.unsubscribe, 1), (.unsuback, 2), (.disconnect, 4), (.auth, 4),
    ] as [(PropertyPlaces, Int)])
func packetsCarryAsManyPropertiesAsTheTableLists(_ place: PropertyPlaces, _ count: Int) {
    #expect(PropertyID.allCases.filter { $0.format.places.isSuperset(of: place) }.count == count)
}

@Test func thereAre27Properties() {
    #expect(PropertyID.allCases.count == 27)
}

@Test(arguments: PropertyID.allCases) func propertyKnowsItsIdentifier(_ id: PropertyID) {
    var chance = Chance(seed: UInt64(id.rawValue))
    #expect(chance.property(id).id == id)
}
