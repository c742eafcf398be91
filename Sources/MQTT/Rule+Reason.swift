extension Rule {
    /// The reason code that a version 5 client is told when it breaks the rule (MQTT 5.0, 4.13 and the chapters on
    /// the packets): 0x81 for what cannot be read, 0x82 for what must not be said, others where there is one.
    package var reasonCode: UInt8 {
        switch self {
        case .propertyTwice, .propertyValue, .packetIDZero, .subscriptionOption, .noLocalOnShared,
            .subscribeEmpty, .unsubscribeEmpty, .topicEmpty, .wildcardInResponseTopic:
            0x82
        case .wildcardInPublish, .wildcardInTopicName: 0x90
        case .topicAliasZero: 0x94
        default: 0x81
        }
    }
}
