internal import MQTT

/// What one client did in the capture, as the rules of `LintRule` ask for it.
struct ClientHabits {
    let clientID: String
    private(set) var publishes = 0
    private(set) var atQoS1 = 0
    private(set) var atQoS2 = 0
    private(set) var duplicates = 0
    /// Publishes that are no commands, and those of them at QoS 2.
    private(set) var ordinary = Share()
    /// On topics for alerts, and those of them that ask to be retained.
    private(set) var alerts = Share()
    /// Version 5: what may have to wait for a receiver (it is stored, or sent at QoS 1 or 2) and is no command,
    /// and what of it has no Message Expiry Interval.
    private(set) var waiting = Share()
    /// Version 5: the same of commands.
    private(set) var waitingCommands = Share()
    /// Publishes whose expiry can never act, or makes them expire at once.
    private(set) var uselessExpiries = 0
    /// At QoS 1 and 2, and those of them that no durable session was subscribed to.
    private(set) var acknowledged = Share()
    /// At QoS 1 where a repeated message does harm, and those of them that nothing tells from a repetition.
    private(set) var repeatable = Share()
    private(set) var hasWill = false
    private(set) var willIsRetained = false
    private(set) var connects = 0
    /// Version 5: CONNECTs that want a new session and one that lasts.
    private(set) var contradictions = 0
    /// Version 5, of the last CONNECT, seconds; `UInt32.max` is for ever.
    private(set) var sessionExpiry: UInt32 = 0

    /// So many, and those among them that a rule is about.
    struct Share {
        private(set) var of = 0
        private(set) var count = 0

        var isAll: Bool { of > 0 && count == of }

        mutating func add(_ isCounted: Bool) {
            of += 1
            if isCounted { count += 1 }
        }
    }

    init(clientID: String) { self.clientID = clientID }

    mutating func connected(_ connect: Connect) {
        connects += 1
        hasWill = connect.will != nil
        willIsRetained = connect.will?.retain ?? false
        sessionExpiry = connect.version == .v5 ? connect.sessionExpiry : 0
        if connect.cleanStart, sessionExpiry > 0 { contradictions += 1 }
    }

    /// What the rules ask of a publish beside its header.
    struct Circumstances {
        let topicClass: TopicClass?
        let version: ProtocolVersion
        /// A durable session was subscribed to its topic.
        let isHeld: Bool
        /// It holds something by which a receiver can tell a repetition.
        let isIdentified: Bool
        /// Seconds after which an expiry can no longer act, because the broker has dropped the message by then.
        let longestUseful: UInt32
    }

    mutating func published(_ header: PublishHeader, _ around: Circumstances) {
        publishes += 1
        if header.dup { duplicates += 1 }
        if around.topicClass != .command { ordinary.add(header.qos == .exactlyOnce) }
        if around.topicClass == .alert { alerts.add(header.retain) }
        if let expiry = header.messageExpiry {
            if expiry == 0 || expiry >= around.longestUseful { uselessExpiries += 1 }
        }
        if around.version == .v5, around.isHeld || header.qos > .atMostOnce {
            if around.topicClass == .command {
                waitingCommands.add(header.messageExpiry == nil)
            } else {
                waiting.add(header.messageExpiry == nil)
            }
        }
        guard header.qos > .atMostOnce else { return }
        if header.qos == .atLeastOnce { atQoS1 += 1 } else { atQoS2 += 1 }
        acknowledged.add(!around.isHeld)
        guard header.qos == .atLeastOnce else { return }
        if around.topicClass?.isHarmedByRepetition == true || header.dup {
            repeatable.add(!around.isIdentified)
        }
    }
}
