internal import MQTT

/// Times that clients ask for, divided by the speed: a keep alive of a minute is six seconds at ten times the
/// speed, so that at the broker everything happens in the recorded proportions.
struct ScaledTerms: PacketRule {
    private let speed: Double
    /// Terms that would be under a second, and stay at one: packets count in whole seconds.
    private(set) var heldAtOneSecond = 0

    /// - Parameter speed: positive.
    init(_ speed: Double) {
        precondition(speed > 0)
        self.speed = speed
    }

    mutating func connect(_ connect: Connect, of client: RuleSubject) -> Connect? {
        var scaled = connect
        scaled.keepAlive = UInt16(clamping: seconds(UInt32(connect.keepAlive)))
        scaled.properties = self.scaled(connect.properties)
        if let will = connect.will { scaled.will?.properties = self.scaled(will.properties) }
        return scaled
    }

    mutating func publish(
        _ header: PublishHeader, _ packet: RawSpan, topic: RawSpan, of client: RuleSubject
    ) -> PublishEdit? {
        guard let expiry = header.messageExpiry, expiry > 0 else { return PublishEdit() }
        return PublishEdit(messageExpiry: seconds(expiry))
    }

    mutating func disconnect(_ disconnect: Disconnect, of client: RuleSubject) -> Disconnect? {
        var changed = disconnect
        changed.properties = scaled(disconnect.properties)
        return changed
    }

    private mutating func scaled(_ properties: [Property]) -> [Property] {
        var scaled: [Property] = []
        for property in properties {
            switch property {
            case .sessionExpiryInterval(let time):
                scaled.append(.sessionExpiryInterval(seconds(time)))
            case .messageExpiryInterval(let time):
                scaled.append(.messageExpiryInterval(seconds(time)))
            case .willDelayInterval(let time): scaled.append(.willDelayInterval(seconds(time)))
            default: scaled.append(property)
            }
        }
        return scaled
    }

    /// 0 is none, and the largest number is for ever.
    private mutating func seconds(_ time: UInt32) -> UInt32 {
        guard time > 0, time < .max else { return time }
        let exact = Double(time) / speed
        if exact < 1 { heldAtOneSecond += 1 }
        return UInt32(min(Double(UInt32.max - 1), max(1, exact.rounded())))
    }
}
