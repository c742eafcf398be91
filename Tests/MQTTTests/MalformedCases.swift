import MQTT
import Testing

/// Bytes that break one rule, and the byte that breaks it.
struct MalformedCase: CustomTestStringConvertible, Sendable {
    let rule: Rule
    let offset: Int
    let version: ProtocolVersion
    let bytes: [UInt8]

    init(_ rule: Rule, at offset: Int, _ version: ProtocolVersion, _ bytes: [UInt8]) {
        (self.rule, self.offset, self.version, self.bytes) = (rule, offset, version, bytes)
    }

    init(_ rule: Rule, at offset: Int, _ bytes: [UInt8]) { self.init(rule, at: offset, .v5, bytes) }

    var testDescription: String { "\(rule.rawValue) \(version) \(bytes)" }

    static let all: [MalformedCase] =
        texts + headers + connects + publishes + properties + subscriptions

    private static let texts: [MalformedCase] = [
        // overlong slash, surrogate, above U+10FFFF, lone continuation, cut off at the end of the text
        MalformedCase(.illFormedText, at: 5, packet(0x30, [0, 3, 0x61, 0xC0, 0xAF, 0])),
        MalformedCase(.illFormedText, at: 4, packet(0x30, [0, 3, 0xED, 0xA0, 0x80, 0])),
        MalformedCase(.illFormedText, at: 4, packet(0x30, [0, 4, 0xF4, 0x90, 0x80, 0x80, 0])),
        MalformedCase(.illFormedText, at: 4, packet(0x30, [0, 1, 0x80, 0])),
        MalformedCase(.illFormedText, at: 5, packet(0x30, [0, 2, 0x61, 0xC3, 0xA9])),
        MalformedCase(
            .illFormedText, at: 14, packet(0x30, [0, 12] + "0123456789".utf8 + [0xE0, 0x80, 0])),
        MalformedCase(
            .nullCharacter, at: 13, .v3_1, packet(0x30, [0, 10] + "012345678".utf8 + [0])),
        MalformedCase(
            .nullCharacter, at: 14, .v3_1_1, packet(0x10, text("MQTT") + [4, 2, 0, 0, 0, 1, 0])),
    ]

    private static let headers: [MalformedCase] = [
        MalformedCase(.packetType, at: 0, [0x00, 0]),
        MalformedCase(.packetType, at: 0, .v3_1_1, [0xF0, 0]),
        MalformedCase(.reservedFlags, at: 0, [0xC1, 0]),
        MalformedCase(.reservedFlags, at: 0, [0x60, 2, 0, 1]),
        MalformedCase(.reservedFlags, at: 0, .v3_1_1, [0x6A, 2, 0, 1]),
        MalformedCase(.reservedFlags, at: 0, [0x80, 6, 0, 1, 0, 0, 1, 0x61, 0]),
        MalformedCase(.integerTooLong, at: 4, .v3_1, [0x30, 0xFF, 0xFF, 0xFF, 0x80]),
        MalformedCase(.integerNotMinimal, at: 1, [0x40, 0x82, 0x00, 0, 1]),
        MalformedCase(.remainingLength, at: 2, [0xC0, 1, 0]),
        MalformedCase(.remainingLength, at: 2, [0xC0, 0, 0]),
        MalformedCase(.remainingLength, at: 4, .v3_1_1, [0x40, 3, 0, 1, 0]),
        MalformedCase(.remainingLength, at: 2, .v3_1_1, [0x40, 1, 1]),
        MalformedCase(.remainingLength, at: 2, .v3_1_1, [0x30, 3, 0, 2, 0x61]),
        MalformedCase(.remainingLength, at: 2, .v3_1_1, [0xE0, 1, 0]),
        MalformedCase(.remainingLength, at: 4, [0x20, 2, 0, 0]),
        MalformedCase(.packetIDZero, at: 2, [0x50, 2, 0, 0]),
        MalformedCase(.packetIDZero, at: 5, .v3_1, [0x32, 5, 0, 1, 0x61, 0, 0]),
        MalformedCase(.packetIDZero, at: 2, .v3_1_1, [0x82, 6, 0, 0, 0, 1, 0x61, 0]),
        MalformedCase(.connackFlags, at: 2, [0x20, 3, 2, 0, 0]),
    ]

    private static func connect(_ level: UInt8, _ flags: UInt8, _ rest: [UInt8]) -> [UInt8] {
        packet(0x10, text(level & 0x7F == 3 ? "MQIsdp" : "MQTT") + [level, flags, 0, 0] + rest)
    }

    private static let connects: [MalformedCase] = [
        MalformedCase(.protocolName, at: 2, packet(0x10, text("MQTT5") + [5, 2, 0, 0, 0, 0, 0])),
        MalformedCase(.protocolLevel, at: 8, packet(0x10, text("MQTT") + [3, 2, 0, 0, 0, 0])),
        MalformedCase(.protocolLevel, at: 10, packet(0x10, text("MQIsdp") + [4, 2, 0, 0, 0, 0])),
        MalformedCase(.protocolLevel, at: 8, connect(6, 2, [0, 0, 0])),
        MalformedCase(.protocolLevel, at: 8, connect(0x85, 2, [0, 0, 0])),
        MalformedCase(.reservedConnectFlag, at: 9, connect(4, 3, [0, 0])),
        MalformedCase(.willQoSWithoutWill, at: 9, connect(4, 0x0A, [0, 0])),
        MalformedCase(.willQoSThree, at: 9, connect(5, 0x1E, [0, 0, 0, 0, 0, 1, 0x77, 0, 0])),
        MalformedCase(.willRetainWithoutWill, at: 9, connect(5, 0x22, [0, 0, 0])),
        MalformedCase(.passwordWithoutUserName, at: 9, .v3_1_1, connect(4, 0x42, [0, 0, 0, 0])),
        MalformedCase(.remainingLength, at: 14, .v3_1_1, connect(4, 0x82, [0, 0])),
        MalformedCase(.remainingLength, at: 14, .v3_1_1, connect(4, 2, [0, 0, 0])),
        MalformedCase(.topicEmpty, at: 14, .v3_1_1, connect(4, 6, [0, 0, 0, 0, 0, 0])),
        MalformedCase(
            .wildcardInTopicName, at: 17, .v3_1_1, connect(4, 6, [0, 0, 0, 2, 0x61, 0x2B, 0, 0])),
        // the version of the CONNECT counts, not the one the connection had before
        MalformedCase(
            .integerNotMinimal, at: 1, .v3_1_1,
            [0x10, 0x8D, 0] + text("MQTT") + [5, 2, 0, 0, 0, 0, 0]),
    ]

    private static let publishes: [MalformedCase] = [
        MalformedCase(.dupAtQoS0, at: 0, [0x38, 4, 0, 1, 0x61, 0]),
        MalformedCase(.qosThree, at: 0, [0x36, 6, 0, 1, 0x61, 0, 1, 0]),
        MalformedCase(.qosThree, at: 0, .v3_1, [0x3E, 5, 0, 1, 0x61, 0, 1]),
        MalformedCase(.wildcardInPublish, at: 6, [0x30, 6, 0, 3, 0x61, 0x2F, 0x2B, 0]),
        MalformedCase(.wildcardInPublish, at: 4, .v3_1_1, [0x30, 3, 0, 1, 0x23]),
        MalformedCase(.topicEmpty, at: 2, .v3_1_1, [0x30, 2, 0, 0]),
        MalformedCase(.topicEmpty, at: 2, [0x30, 3, 0, 0, 0]),
    ]

    /// A PUBLISH to `t`, whose properties start at byte 6.
    private static func publish(_ properties: [UInt8]) -> [UInt8] {
        packet(0x30, [0, 1, 0x74, UInt8(properties.count)] + properties)
    }

    private static let properties: [MalformedCase] = [
        MalformedCase(.propertyNotAllowed, at: 6, publish([0x7E, 0])),
        MalformedCase(.propertyNotAllowed, at: 8, publish([0x01, 0, 0x21, 0, 1])),
        MalformedCase(.propertyNotAllowed, at: 13, connect(5, 2, [2, 0x01, 0, 0, 0])),
        // what a will may carry is not what CONNECT may carry
        MalformedCase(.propertyNotAllowed, at: 13, connect(5, 2, [5, 0x18, 0, 0, 0, 1, 0, 0])),
        MalformedCase(.propertyTwice, at: 8, publish([0x01, 0, 0x01, 0])),
        MalformedCase(.propertyTwice, at: 7, [0x82, 11, 0, 1, 4, 0x0B, 1, 0x0B, 2, 0, 1, 0x61, 0]),
        MalformedCase(.propertyValue, at: 7, publish([0x0B, 0])),
        MalformedCase(.propertyValue, at: 14, connect(5, 2, [3, 0x21, 0, 0, 0, 0])),
        MalformedCase(.topicAliasZero, at: 7, publish([0x23, 0, 0])),
        MalformedCase(.wildcardInResponseTopic, at: 11, publish([0x08, 0, 3, 0x72, 0x2F, 0x23])),
        MalformedCase(.integerNotMinimal, at: 7, publish([0x0B, 0x81, 0])),
        MalformedCase(.integerTooLong, at: 10, publish([0x0B, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])),
        MalformedCase(.remainingLength, at: 7, publish([0x23, 0])),
        MalformedCase(.remainingLength, at: 8, publish([0x0B, 0x80])),
        MalformedCase(.remainingLength, at: 5, [0x30, 5, 0, 1, 0x74, 2, 0x01]),
        MalformedCase(.illFormedText, at: 9, publish([0x03, 0, 1, 0xFF])),
    ]

    /// A version 5 SUBSCRIBE to one filter, which starts at byte 7.
    private static func subscribe(_ filter: String, _ options: UInt8) -> [UInt8] {
        packet(0x82, [0, 1, 0] + text(filter) + [options])
    }

    private static let subscriptions: [MalformedCase] = [
        MalformedCase(.subscribeEmpty, at: 5, [0x82, 3, 0, 1, 0]),
        MalformedCase(.subscribeEmpty, at: 4, .v3_1, [0x82, 2, 0, 1]),
        MalformedCase(.subscriptionOption, at: 8, subscribe("a", 3)),
        MalformedCase(.subscriptionOption, at: 8, subscribe("a", 0x30)),
        MalformedCase(.subscriptionReservedBits, at: 8, subscribe("a", 0x40)),
        MalformedCase(.subscriptionReservedBits, at: 7, .v3_1_1, [0x82, 6, 0, 1, 0, 1, 0x61, 4]),
        MalformedCase(.noLocalOnShared, at: 17, subscribe("$share/g/a", 4)),
        MalformedCase(.subackEmpty, at: 4, .v3_1_1, [0x90, 2, 0, 1]),
        MalformedCase(.unsubscribeEmpty, at: 5, [0xA2, 3, 0, 1, 0]),
        MalformedCase(.unsubackEmpty, at: 5, [0xB0, 3, 0, 1, 0]),
        MalformedCase(.multiLevelWildcard, at: 8, subscribe("a#", 0)),
        MalformedCase(.singleLevelWildcard, at: 7, subscribe("+a", 0)),
        MalformedCase(.topicEmpty, at: 7, subscribe("", 0)),
        MalformedCase(.topicEmpty, at: 6, .v3_1_1, [0xA2, 4, 0, 1, 0, 0]),
        MalformedCase(.shareNameMissing, at: 14, subscribe("$share//a", 0)),
        MalformedCase(.shareNameSyntax, at: 15, subscribe("$share/g", 0)),
        MalformedCase(.shareNameSyntax, at: 15, subscribe("$share/g+/a", 0)),
    ]
}

@Test(arguments: MalformedCase.all) func brokenRuleIsNamedWithItsByte(_ test: MalformedCase) {
    let expected = CodecError.malformed(rule: test.rule, offset: test.offset)
    #expect(read(test.bytes, test.version) == .failure(expected))
}

@Test func everyRuleOfPacketsHasACase() {
    // these two concern filters that come from elsewhere: a packet cannot hold such text
    let rules = Set(Rule.allCases).subtracting([.topicNull, .topicTooLong])
    #expect(Set(MalformedCase.all.map(\.rule)) == rules)
}

@Test(arguments: Rule.allCases) func ruleHasANumberAndASentence(_ rule: Rule) {
    #expect(rule.rawValue.hasPrefix("MQTT"))
    #expect(rule.sentence.hasSuffix("."))
    #expect(rule.sentence.filter { $0 == "." }.count == 1 || rule.sentence.contains("3.1"))
}
