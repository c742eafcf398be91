extension LintRule {
    /// Fewer publishes say nothing about a habit.
    private static let habit = 5
    /// Seconds beyond which a session is kept for nobody: a week.
    private static let longestAbsence: UInt32 = 7 * 86_400
    /// Bytes that a Message Expiry Interval takes in a value (reference 8.2; v1 values, 256 s and more).
    private static let expiryBytes = 30.0

    /// Every rule. The pitfalls are the article's, "Common Pitfalls" and "Troubleshooting".
    static let catalogue = [
        LintRule(
            "qos2_everywhere", .warning,
            broken: {
                $0.ordinary.of >= habit && $0.ordinary.isAll ? $0.ordinary.count : nil
            },
            // Four packets instead of two, and a row that says that the identifier is in use and one that
            // it is not.
            saves: { clients, seconds in
                let rate = total(clients, \.ordinary.count) / seconds
                return Savings(packets: 2 * rate, puts: 2 * rate)
            },
            advice:
                "QoS 2 costs four packets and two session writes for each message; send at QoS 1 with an "
                + "event id in the message and let the receiver drop what it has seen."),
        LintRule(
            "qos_without_session", .warning,
            broken: {
                $0.acknowledged.of >= habit && $0.acknowledged.isAll ? $0.acknowledged.count : nil
            },
            saves: { clients, seconds in
                Savings(
                    packets: (total(clients, \.atQoS1) + 3 * total(clients, \.atQoS2)) / seconds)
            },
            advice:
                "No durable session is subscribed to what is sent at QoS 1 or 2 here, so it is lost all the "
                + "same when a receiver is away or the broker restarts; let the receivers connect with "
                + "clean start off and a session expiry, or send at QoS 0.",
            holds: \.knowsDurableSessions),
        LintRule(
            "retained_alert", .warning,
            broken: { $0.alerts.count > 0 ? $0.alerts.count : nil },
            // The broker keeps each in its table of retained messages, beside storing it.
            saves: { clients, seconds in Savings(puts: total(clients, \.alerts.count) / seconds) },
            advice:
                "Every new subscriber is told of an alert that may be long over; retain the topic of the "
                + "latest value and not the stream of alerts."),
        LintRule(
            "no_expiry", .warning,
            broken: { $0.waiting.count > 0 ? $0.waiting.count : nil },
            saves: { clients, seconds in
                Savings(messages: total(clients, \.waiting.count) / seconds)
            },
            advice:
                "A message that waited for hours is delivered as if it were fresh; set a Message Expiry "
                + "Interval as long as it is of use."),
        LintRule(
            "stale_command", .info,
            broken: { $0.waitingCommands.count > 0 ? $0.waitingCommands.count : nil },
            saves: { clients, seconds in
                Savings(messages: total(clients, \.waitingCommands.count) / seconds)
            },
            advice:
                "A command without a Message Expiry Interval is carried out by a device that comes back "
                + "hours later; give it as long as it makes sense."),
        LintRule(
            "useless_expiry", .info,
            broken: { $0.uselessExpiries > 0 ? $0.uselessExpiries : nil },
            saves: { clients, seconds in
                Savings(bytes: expiryBytes * total(clients, \.uselessExpiries) / seconds)
            },
            advice:
                "A Message Expiry Interval of 0, or of more than three retention periods, never does "
                + "anything: the broker has dropped the message before; set it to the time that the "
                + "message is of use, or leave it out."),
        LintRule(
            "contradictory_clean", .warning,
            broken: { $0.contradictions > 0 ? $0.publishes : nil },
            // A session's row is written when it is opened and deleted when the next one replaces it.
            saves: { clients, seconds in
                Savings(puts: 2 * total(clients, \.contradictions) / seconds)
            },
            advice:
                "Clean start throws away the session that the session expiry keeps; leave clean start "
                + "off, or set the expiry to 0."),
        LintRule(
            "unbounded_session_expiry", .warning,
            broken: { $0.sessionExpiry > longestAbsence ? $0.publishes : nil },
            advice:
                "A session that is kept for more than a week, or for ever, outlives its client, and "
                + "dead sessions pile up; ask for days at most, and cap it in the broker."),
        LintRule(
            "no_will", .info, broken: { $0.publishes > 0 && !$0.hasWill ? $0.publishes : nil },
            advice: "Nobody learns when this publisher dies; set a retained will on a status topic."
        ),
        LintRule(
            "will_not_retained", .info,
            broken: { $0.hasWill && !$0.willIsRetained ? $0.publishes : nil },
            advice:
                "Who subscribes after this client died does not learn of it and takes its last value for "
                + "a live one; let the will be retained."),
        LintRule(
            "no_event_id", .warning,
            broken: { $0.repeatable.count > 0 ? $0.repeatable.count : nil },
            saves: { clients, seconds in
                let repeated = total(clients, \.duplicates)
                return repeated > 0 ? Savings(messages: repeated / seconds) : nil
            },
            advice:
                "At QoS 1 a message may arrive twice, and nothing in these tells a receiver so; add an "
                + "`event-id` user property, or a sequence number in the payload."),
        LintRule(
            "latency_with_dup", .error,
            broken: { $0.duplicates > 0 ? $0.duplicates : nil },
            saves: { clients, seconds in
                let rate = total(clients, \.duplicates) / seconds
                return Savings(packets: 2 * rate, puts: rate)
            },
            advice:
                "The time to PUBACK climbs together with repeated publishes: clients give up waiting and "
                + "send again, which the broker stores again, and that slows it further. Look for write "
                + "stalls (L0 files, memtables) and let clients wait longer before they repeat.",
            holds: \.latencyClimbsWithDuplicates),
    ]

    private static func total(_ clients: [ClientHabits], _ count: (ClientHabits) -> Int) -> Double {
        Double(clients.reduce(0) { $0 + count($1) })
    }
}
