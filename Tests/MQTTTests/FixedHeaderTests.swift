import MQTT
import Testing

/// The borders of table 1-1.
@Test(
    arguments: [
        (0, [0x00]), (127, [0x7F]), (128, [0x80, 0x01]), (16_383, [0xFF, 0x7F]),
        (16_384, [0x80, 0x80, 0x01]),
        (2_097_151, [0xFF, 0xFF, 0x7F]), (2_097_152, [0x80, 0x80, 0x80, 0x01]),
        (268_435_455, [0xFF, 0xFF, 0xFF, 0x7F]),
    ] as [(Int, [UInt8])])
func integerChangesLengthWhereTheTableSays(_ value: Int, _ bytes: [UInt8]) throws {
    var written: [UInt8] = []
    VariableByteInteger.write(value, to: &written)
    #expect(written == bytes)
    #expect(VariableByteInteger.length(of: value) == bytes.count)
    var offset = 0
    let back = try VariableByteInteger.read(bytes.span.bytes, at: &offset)
    #expect(back == value)
    #expect(offset == bytes.count)
}

@Test func headerIsReadBeforeItsPacketHasArrived() throws {
    let header = try readHeader([0, 0x3B, 0xC1, 0x02], at: 1).get()
    #expect(header.type == .publish)
    #expect(header.flags == 0b1011)
    #expect((header.headerLength, header.remainingLength, header.packetLength) == (3, 321, 324))
}

@Test func headerAsksForAtLeastTwoBytes() {
    #expect(readHeader([]) == .failure(.incomplete(needed: 2)))
    #expect(readHeader([0x30]) == .failure(.incomplete(needed: 1)))
    #expect(readHeader([0x30, 0x80, 0x80, 0x80]) == .failure(.incomplete(needed: 1)))
}

@Test func fifthLengthByteIsRefusedBeforeItArrives() {
    #expect(
        readHeader([0x30, 0x80, 0x80, 0x80, 0x80])
            == .failure(.malformed(rule: .integerTooLong, offset: 4)))
}

@Test func limitCountsTheWholePacket() {
    #expect((try? readHeader([0x30, 98], limit: 100).get()) != nil)
    #expect(readHeader([0x30, 99], limit: 100) == .failure(.tooLarge(size: 101, limit: 100)))
}

/// What is refused or not before version 5 or before 3.1.1: the specification, or habit, allowed it.
@Test(
    arguments: [
        (.v3_1, [0x6A, 2, 0, 1], true), (.v3_1_1, [0x6A, 2, 0, 1], false),
        (.v3_1_1, [0x40, 0x82, 0x80, 0x00, 0, 1], true),
        (.v5, [0x40, 0x82, 0x80, 0x00, 0, 1], false),
    ] as [(ProtocolVersion, [UInt8], Bool)])
func olderVersionsAllowMore(_ version: ProtocolVersion, _ bytes: [UInt8], _ isRead: Bool) {
    #expect(((try? read(bytes, version).get()) != nil) == isRead)
}

@Test func announcedNameAndPasswordMayBeMissingInVersion3_1() {
    let bytes = packet(0x10, text("MQIsdp") + [3, 0xC2, 0, 0] + text("c"))
    #expect(read(bytes, .v3_1) == .success(.connect(Connect(version: .v3_1, clientID: "c"))))
}

@Test func connectBringsItsOwnVersion() {
    let bytes = packet(0x10, text("MQTT") + [5, 2, 0, 0, 0] + text("c"))
    #expect(read(bytes, .v3_1) == .success(.connect(Connect(version: .v5, clientID: "c"))))
}

@Test func passwordIsWrittenButNeverRead() throws {
    let connect = Connect(version: .v5, clientID: "c", username: "u", hasPassword: true)
    var bytes: [UInt8] = []
    connect.write(to: &bytes, password: Array("secret".utf8))
    #expect(bytes.suffix(8) == [0, 6] + Array("secret".utf8))
    let back = try read(bytes).get()
    #expect(back == .connect(connect))
    #expect(!"\(back)".contains("secret"))
}

@Test func packetTypesHaveTheNamesOfTheSpecification() {
    #expect(
        PacketType.allCases.map(\.name) == [
            "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE",
            "SUBACK",
            "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
        ])
}
