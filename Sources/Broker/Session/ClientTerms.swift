internal import MQTT

/// What a client has asked for in the properties of its CONNECT. Before version 5 there are none, and the defaults
/// are what the specification says of an absent property (MQTT 5.0, 3.1.2.11).
struct ClientTerms {
    /// Seconds; nil if absent.
    var expiry: UInt32?
    /// QoS 1 and 2 messages on their way to it.
    var receiveMaximum = 65_535
    /// Bytes of the largest packet that it accepts.
    var packetLimit = Int.max
    /// Aliases that it lets the broker give.
    var topicAliasMaximum: UInt16 = 0
    /// It wants reason strings and user properties also outside of PUBLISH, CONNACK and DISCONNECT.
    var wantsProblems = true
    var wantsResponseInformation = false
    var authenticationMethod: String?
    var hasAuthenticationData = false

    init() {}

    init(_ properties: [Property]) {
        for property in properties {
            switch property {
            case .sessionExpiryInterval(let seconds): expiry = seconds
            case .receiveMaximum(let maximum): receiveMaximum = Int(maximum)
            case .maximumPacketSize(let bytes): packetLimit = Int(bytes)
            case .topicAliasMaximum(let maximum): topicAliasMaximum = maximum
            case .requestProblemInformation(let flag): wantsProblems = flag == 1
            case .requestResponseInformation(let flag): wantsResponseInformation = flag == 1
            case .authenticationMethod(let method): authenticationMethod = method
            case .authenticationData: hasAuthenticationData = true
            default: break
            }
        }
    }
}
