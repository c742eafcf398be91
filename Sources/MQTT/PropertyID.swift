/// The properties of version 5; the raw value is the identifier on the wire.
package enum PropertyID: UInt8, CaseIterable, Sendable {
    case payloadFormatIndicator = 0x01
    case messageExpiryInterval = 0x02
    case contentType = 0x03
    case responseTopic = 0x08
    case correlationData = 0x09
    case subscriptionIdentifier = 0x0B
    case sessionExpiryInterval = 0x11
    case assignedClientIdentifier = 0x12
    case serverKeepAlive = 0x13
    case authenticationMethod = 0x15
    case authenticationData = 0x16
    case requestProblemInformation = 0x17
    case willDelayInterval = 0x18
    case requestResponseInformation = 0x19
    case responseInformation = 0x1A
    case serverReference = 0x1C
    case reasonString = 0x1F
    case receiveMaximum = 0x21
    case topicAliasMaximum = 0x22
    case topicAlias = 0x23
    case maximumQoS = 0x24
    case retainAvailable = 0x25
    case userProperty = 0x26
    case maximumPacketSize = 0x27
    case wildcardSubscriptionAvailable = 0x28
    case subscriptionIdentifierAvailable = 0x29
    case sharedSubscriptionAvailable = 0x2A

    /// What table 2-4 and the chapters on the packets say about this property: the one place where it is written
    /// down, and what reader, writer and walker go by.
    package var format: PropertyFormat {
        switch self {
        // Two values have a meaning; none is called an error, and brokers pass the others on.
        case .payloadFormatIndicator: .byte(0...255, [.publish, .will])
        case .messageExpiryInterval: .four([.publish, .will])
        case .contentType: .text([.publish, .will])
        case .responseTopic: .text([.publish, .will])
        case .correlationData: .binary([.publish, .will])
        case .subscriptionIdentifier: .variable([.publish, .subscribe])
        case .sessionExpiryInterval: .four([.connect, .connack, .disconnect])
        case .assignedClientIdentifier: .text([.connack])
        case .serverKeepAlive: .two([.connack])
        case .authenticationMethod: .text([.connect, .connack, .auth])
        case .authenticationData: .binary([.connect, .connack, .auth])
        case .requestProblemInformation: .byte(0...1, [.connect])
        case .willDelayInterval: .four([.will])
        case .requestResponseInformation: .byte(0...1, [.connect])
        case .responseInformation: .text([.connack])
        case .serverReference: .text([.connack, .disconnect])
        case .reasonString:
            .text([.connack, .acknowledgements, .suback, .unsuback, .disconnect, .auth])
        case .receiveMaximum: .two(from: 1, [.connect, .connack])
        case .topicAliasMaximum: .two([.connect, .connack])
        case .topicAlias: .two(from: 1, [.publish])
        case .maximumQoS: .byte(0...1, [.connack])
        case .retainAvailable: .byte(0...1, [.connack])
        case .userProperty: .pair(.all)
        case .maximumPacketSize: .four(from: 1, [.connect, .connack])
        case .wildcardSubscriptionAvailable: .byte(0...1, [.connack])
        case .subscriptionIdentifierAvailable: .byte(0...1, [.connack])
        case .sharedSubscriptionAvailable: .byte(0...1, [.connack])
        }
    }

    /// Whether a packet may carry it more than once.
    package func repeats(in place: PropertyPlaces) -> Bool {
        self == .userProperty || self == .subscriptionIdentifier && place == .publish
    }
}
