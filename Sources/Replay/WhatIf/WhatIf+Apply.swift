internal import MQTT
internal import Measure
internal import Traffic

/// A what-if at work: the timeline with it, and what it has changed so far.
struct AppliedWhatIf {
    let timeline: any Timeline
    /// One sentence; its counts are final at the end of the timeline.
    let sentence: () -> String
}

extension WhatIf {
    /// Before a fleet is cloned, so that what is the same for all clones is done once; what must differ between
    /// clones, or has to hit all at one time, comes after.
    var comesAfterFleet: Bool {
        switch self {
        case .eventIDs, .reconnectStorm, .subscribersAway: true
        default: false
        }
    }

    /// - Returns: nil for a fleet, which a plan makes one of.
    func apply(
        to base: any Timeline, of recording: Recording, seed: Seed
    ) -> AppliedWhatIf? {
        switch self {
        case .articleQoS:
            let changed = RewrittenTimeline(base, QoSByClass(recording.topicClasses))
            return AppliedWhatIf(timeline: changed) {
                "QoS by topic class as in the article's table: \(changed.rule.changed.text)"
            }
        case .eventIDs:
            let changed = RewrittenTimeline(base, IdempotentQoS1(seed))
            return AppliedWhatIf(timeline: changed) {
                "QoS 1 in place of QoS 2: \(changed.rule.identified) messages with an event id, "
                    + "\(changed.rule.withoutID) without, because they are not of MQTT 5"
            }
        case .messageExpiry(let seconds):
            let changed = RewrittenTimeline(base, ChangedExpiry(message: seconds))
            return AppliedWhatIf(timeline: changed) {
                "message expiry \(Self.text(seconds)): \(changed.rule.changedMessages) messages changed"
            }
        case .sessionExpiry(let seconds):
            let changed = RewrittenTimeline(base, ChangedExpiry(session: seconds))
            return AppliedWhatIf(timeline: changed) {
                "session expiry \(Self.text(seconds)): \(changed.rule.changedSessions) CONNECTs changed"
            }
        case .durableSessions(let isOn):
            let wish =
                isOn ? SessionDurability.Wish.on(expiry: Self.durableExpiry) : .off
            let changed = RewrittenTimeline(
                base, SessionDurability(wish, subscribers: recording.subscribers))
            return AppliedWhatIf(timeline: changed) {
                "durable sessions \(isOn ? "on for all who subscribe" : "off for all"): "
                    + "\(changed.rule.changed) CONNECTs changed"
            }
        case .reconnectStorm(let at, let share, let within):
            let absence = Absence(
                who: .connected(share: share), from: at, length: .zero, spread: within)
            return Self.away(base, absence, seed) { clients, lost in
                "reconnect storm at \(at.seconds) s: \(clients) clients lost their connection and "
                    + "came back within \(within.seconds) s; \(lost) messages were lost meanwhile"
            }
        case .subscribersAway(let from, let length):
            let absence = Absence(who: .subscribers, from: from, length: length, spread: .zero)
            return Self.away(base, absence, seed) { clients, lost in
                "subscribers away from \(from.seconds) s for \(length.seconds) s: \(clients) clients; "
                    + "\(lost) messages of their own were lost meanwhile"
            }
        case .slowSubscribers(let factor):
            return AppliedWhatIf(timeline: SlowedTimeline(base, by: factor)) {
                "subscribers take \(factor) times as long to acknowledge as recorded"
            }
        case .lateSubscribers(let time):
            return AppliedWhatIf(timeline: SlowedTimeline(base, extra: time)) {
                "subscribers take \(time.seconds) s longer to acknowledge than recorded"
            }
        case .retention(let seconds):
            return AppliedWhatIf(timeline: base) {
                "the broker keeps messages for \(Self.text(seconds))"
            }
        case .devices: return nil
        }
    }

    /// Seconds; EMQX's own `mqtt.session_expiry_interval`.
    private static let durableExpiry: UInt32 = 7_200

    private static func text(_ seconds: UInt32) -> String {
        seconds == 0 ? "never" : "\(seconds) s"
    }

    private static func away(
        _ base: any Timeline, _ absence: Absence, _ seed: Seed,
        _ sentence: @escaping (_ clients: Int, _ lost: Int) -> String
    ) -> AppliedWhatIf {
        let away = AbsenceTimeline(base, absence, seed: seed)
        return AppliedWhatIf(timeline: away) { sentence(away.affected, away.lost) }
    }
}
