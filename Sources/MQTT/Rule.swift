/// A rule of the specification that received bytes can break.
///
/// The raw value is the number of the normative statement in MQTT 5.0 (section, dash, count); 3.1.1 counts some of
/// them differently. A rule that the specification states without numbering it has the number of its section alone,
/// and the one rule that 5.0 dropped says so.
package enum Rule: String, CaseIterable, Sendable {
    case illFormedText = "MQTT-1.5.4-1"
    case nullCharacter = "MQTT-1.5.4-2"
    case integerTooLong = "MQTT-1.5.5"
    case integerNotMinimal = "MQTT-1.5.5-1"

    case packetType = "MQTT-2.1.2"
    case reservedFlags = "MQTT-2.1.3-1"
    case remainingLength = "MQTT-2.1.4"
    case packetIDZero = "MQTT-2.2.1-3"
    case propertyTwice = "MQTT-2.2.2"
    case propertyNotAllowed = "MQTT-2.2.2.2"

    case protocolName = "MQTT-3.1.2-1"
    case protocolLevel = "MQTT-3.1.2-2"
    case reservedConnectFlag = "MQTT-3.1.2-3"
    case willQoSWithoutWill = "MQTT-3.1.2-11"
    case willQoSThree = "MQTT-3.1.2-12"
    case willRetainWithoutWill = "MQTT-3.1.2-13"
    case passwordWithoutUserName = "MQTT3.1.1-3.1.2-22"
    case propertyValue = "MQTT-3.1.2.11"

    case connackFlags = "MQTT-3.2.2-1"

    case dupAtQoS0 = "MQTT-3.3.1-2"
    case qosThree = "MQTT-3.3.1-4"
    case wildcardInPublish = "MQTT-3.3.2-2"
    case topicAliasZero = "MQTT-3.3.2-8"
    case wildcardInResponseTopic = "MQTT-3.3.2-14"

    case subscriptionOption = "MQTT-3.8.3.1"
    case subscribeEmpty = "MQTT-3.8.3-2"
    case noLocalOnShared = "MQTT-3.8.3-4"
    case subscriptionReservedBits = "MQTT-3.8.3-5"
    case subackEmpty = "MQTT-3.9.3-1"
    case unsubscribeEmpty = "MQTT-3.10.3-2"
    case unsubackEmpty = "MQTT-3.11.3-1"

    case wildcardInTopicName = "MQTT-4.7.0-1"
    case multiLevelWildcard = "MQTT-4.7.1-1"
    case singleLevelWildcard = "MQTT-4.7.1-2"
    case topicEmpty = "MQTT-4.7.3-1"
    case topicNull = "MQTT-4.7.3-2"
    case topicTooLong = "MQTT-4.7.3-3"
    case shareNameMissing = "MQTT-4.8.2-1"
    case shareNameSyntax = "MQTT-4.8.2-2"

    /// What was expected, in one sentence.
    package var sentence: String {
        switch self {
        case .illFormedText: "Text is well-formed UTF-8, without surrogates or overlong forms."
        case .nullCharacter: "Text does not contain U+0000."
        case .integerTooLong: "A variable byte integer has at most four bytes."
        case .integerNotMinimal: "A variable byte integer uses as few bytes as its value needs."
        case .packetType: "The packet type is one this protocol version knows."
        case .reservedFlags:
            "Reserved flags of the fixed header have the value listed for the packet."
        case .remainingLength: "The fields of a packet fill its Remaining Length exactly."
        case .packetIDZero: "A packet identifier is not zero."
        case .propertyTwice:
            "Only user properties and a PUBLISH's subscription identifiers may repeat."
        case .propertyNotAllowed: "A property is known and allowed in the packet that carries it."
        case .protocolName: "The protocol name is MQTT, or MQIsdp for version 3.1."
        case .protocolLevel: "The protocol level is 3 with MQIsdp, and 4 or 5 with MQTT."
        case .reservedConnectFlag: "The reserved flag of CONNECT is zero."
        case .willQoSWithoutWill: "Without a will, the will QoS is zero."
        case .willQoSThree: "The will QoS is 0, 1 or 2."
        case .willRetainWithoutWill: "Without a will, the will retain flag is zero."
        case .passwordWithoutUserName: "Before version 5, a password comes with a user name."
        case .propertyValue: "The value of a property is in the range given for it."
        case .connackFlags: "Bits 7 to 1 of the acknowledge flags are zero."
        case .dupAtQoS0: "DUP is zero at QoS 0."
        case .qosThree: "The QoS of a PUBLISH is 0, 1 or 2."
        case .wildcardInPublish: "The topic name of a PUBLISH contains no wildcard."
        case .topicAliasZero: "A topic alias is not zero."
        case .wildcardInResponseTopic: "A response topic contains no wildcard."
        case .subscriptionOption: "A subscription has QoS 0 to 2 and retain handling 0 to 2."
        case .subscribeEmpty: "SUBSCRIBE carries at least one topic filter."
        case .noLocalOnShared: "No Local is not set on a shared subscription."
        case .subscriptionReservedBits: "Reserved bits of the subscription options are zero."
        case .subackEmpty: "SUBACK carries one reason code for every topic filter."
        case .unsubscribeEmpty: "UNSUBSCRIBE carries at least one topic filter."
        case .unsubackEmpty: "UNSUBACK carries one reason code for every topic filter."
        case .wildcardInTopicName: "A topic name contains no wildcard."
        case .multiLevelWildcard: "The wildcard # stands alone in the last level."
        case .singleLevelWildcard: "The wildcard + fills its whole level."
        case .topicEmpty: "A topic has at least one character, unless a topic alias stands for it."
        case .topicNull: "A topic does not contain U+0000."
        case .topicTooLong: "A topic has at most 65,535 bytes."
        case .shareNameMissing: "The share name of a shared subscription is not empty."
        case .shareNameSyntax:
            "A share name has no wildcard and is followed by a slash and a topic filter."
        }
    }
}
