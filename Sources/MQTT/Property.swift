/// A property of version 5 with its value.
package enum Property: Equatable, Sendable {
    case payloadFormatIndicator(UInt8)
    case messageExpiryInterval(UInt32)
    case contentType(String)
    case responseTopic(String)
    case correlationData([UInt8])
    case subscriptionIdentifier(UInt32)
    case sessionExpiryInterval(UInt32)
    case assignedClientIdentifier(String)
    case serverKeepAlive(UInt16)
    case authenticationMethod(String)
    case authenticationData([UInt8])
    case requestProblemInformation(UInt8)
    case willDelayInterval(UInt32)
    case requestResponseInformation(UInt8)
    case responseInformation(String)
    case serverReference(String)
    case reasonString(String)
    case receiveMaximum(UInt16)
    case topicAliasMaximum(UInt16)
    case topicAlias(UInt16)
    case maximumQoS(UInt8)
    case retainAvailable(UInt8)
    case userProperty(String, String)
    case maximumPacketSize(UInt32)
    case wildcardSubscriptionAvailable(UInt8)
    case subscriptionIdentifierAvailable(UInt8)
    case sharedSubscriptionAvailable(UInt8)

    /// A property read by `PropertyWalk`, with its ranges in `bytes`.
    package init(_ raw: RawProperty, in bytes: RawSpan) {
        let byte = UInt8(truncatingIfNeeded: raw.number)
        let two = UInt16(truncatingIfNeeded: raw.number)
        self =
            switch raw.id {
            case .payloadFormatIndicator: .payloadFormatIndicator(byte)
            case .messageExpiryInterval: .messageExpiryInterval(raw.number)
            case .contentType: .contentType(bytes.string(raw.first))
            case .responseTopic: .responseTopic(bytes.string(raw.first))
            case .correlationData: .correlationData(bytes.array(raw.first))
            case .subscriptionIdentifier: .subscriptionIdentifier(raw.number)
            case .sessionExpiryInterval: .sessionExpiryInterval(raw.number)
            case .assignedClientIdentifier: .assignedClientIdentifier(bytes.string(raw.first))
            case .serverKeepAlive: .serverKeepAlive(two)
            case .authenticationMethod: .authenticationMethod(bytes.string(raw.first))
            case .authenticationData: .authenticationData(bytes.array(raw.first))
            case .requestProblemInformation: .requestProblemInformation(byte)
            case .willDelayInterval: .willDelayInterval(raw.number)
            case .requestResponseInformation: .requestResponseInformation(byte)
            case .responseInformation: .responseInformation(bytes.string(raw.first))
            case .serverReference: .serverReference(bytes.string(raw.first))
            case .reasonString: .reasonString(bytes.string(raw.first))
            case .receiveMaximum: .receiveMaximum(two)
            case .topicAliasMaximum: .topicAliasMaximum(two)
            case .topicAlias: .topicAlias(two)
            case .maximumQoS: .maximumQoS(byte)
            case .retainAvailable: .retainAvailable(byte)
            case .userProperty: .userProperty(bytes.string(raw.first), bytes.string(raw.second))
            case .maximumPacketSize: .maximumPacketSize(raw.number)
            case .wildcardSubscriptionAvailable: .wildcardSubscriptionAvailable(byte)
            case .subscriptionIdentifierAvailable: .subscriptionIdentifierAvailable(byte)
            case .sharedSubscriptionAvailable: .sharedSubscriptionAvailable(byte)
            }
    }

    package var id: PropertyID { parts.id }

    /// Identifier and value apart, so that writing needs to know only the seven data types.
    package var parts: (id: PropertyID, value: Value) {
        switch self {
        case .payloadFormatIndicator(let value): (.payloadFormatIndicator, .number(UInt32(value)))
        case .messageExpiryInterval(let value): (.messageExpiryInterval, .number(value))
        case .contentType(let value): (.contentType, .text(value))
        case .responseTopic(let value): (.responseTopic, .text(value))
        case .correlationData(let value): (.correlationData, .binary(value))
        case .subscriptionIdentifier(let value): (.subscriptionIdentifier, .number(value))
        case .sessionExpiryInterval(let value): (.sessionExpiryInterval, .number(value))
        case .assignedClientIdentifier(let value): (.assignedClientIdentifier, .text(value))
        case .serverKeepAlive(let value): (.serverKeepAlive, .number(UInt32(value)))
        case .authenticationMethod(let value): (.authenticationMethod, .text(value))
        case .authenticationData(let value): (.authenticationData, .binary(value))
        case .requestProblemInformation(let value):
            (.requestProblemInformation, .number(UInt32(value)))
        case .willDelayInterval(let value): (.willDelayInterval, .number(value))
        case .requestResponseInformation(let value):
            (.requestResponseInformation, .number(UInt32(value)))
        case .responseInformation(let value): (.responseInformation, .text(value))
        case .serverReference(let value): (.serverReference, .text(value))
        case .reasonString(let value): (.reasonString, .text(value))
        case .receiveMaximum(let value): (.receiveMaximum, .number(UInt32(value)))
        case .topicAliasMaximum(let value): (.topicAliasMaximum, .number(UInt32(value)))
        case .topicAlias(let value): (.topicAlias, .number(UInt32(value)))
        case .maximumQoS(let value): (.maximumQoS, .number(UInt32(value)))
        case .retainAvailable(let value): (.retainAvailable, .number(UInt32(value)))
        case .userProperty(let name, let value): (.userProperty, .pair(name, value))
        case .maximumPacketSize(let value): (.maximumPacketSize, .number(value))
        case .wildcardSubscriptionAvailable(let value):
            (.wildcardSubscriptionAvailable, .number(UInt32(value)))
        case .subscriptionIdentifierAvailable(let value):
            (.subscriptionIdentifierAvailable, .number(UInt32(value)))
        case .sharedSubscriptionAvailable(let value):
            (.sharedSubscriptionAvailable, .number(UInt32(value)))
        }
    }

    package enum Value {
        case number(UInt32)
        case text(String)
        case binary([UInt8])
        case pair(String, String)
    }
}
