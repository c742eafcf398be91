internal import Replay

/// What went otherwise than the timeline had it, counted; the keys of `troubles` in the summary.
package struct ReplayTroubles: Sendable, Encodable {
    /// Messages that were due and were never sent.
    package var unsent = 0
    /// Messages sent again because their session was resumed without their answer.
    package var resent = 0
    /// Deliveries at QoS 2 that came again before they were released.
    package var redelivered = 0
    /// Messages without an answer when their session was lost.
    package var abandoned = 0
    /// PUBACKs and PUBRECs with a failure code, and CONNACKs with one.
    package var refused = 0
    package var refused_connects = 0
    /// Connections that the broker ended, and those that clients made by themselves after that.
    package var connections_dropped = 0
    package var reconnects = 0
    /// CONNECTs without an answer; answers to nothing; packets that are not MQTT.
    package var silent_connects = 0
    package var unexpected = 0
    package var malformed = 0
    package var unknown_aliases = 0

    package init() {}

    init(_ recorder: Recorder) {
        (unsent, resent, redelivered) = (recorder.unsent, recorder.resent, recorder.redelivered)
        (abandoned, refused) = (recorder.abandoned, recorder.refused)
        (refused_connects, connections_dropped) = (recorder.turnedAway, recorder.dropped)
        (reconnects, silent_connects) = (recorder.returns, recorder.silent)
        (unexpected, malformed) = (recorder.unexpected, recorder.malformed)
        unknown_aliases = recorder.unknownAliases
    }

    /// Those that happened, for people.
    package var sentences: [String] {
        [
            (unsent, "messages were due and not sent"),
            (resent, "messages sent again after a resumption"),
            (redelivered, "deliveries at QoS 2 came again before their release"),
            (abandoned, "messages lost their session before they were answered"),
            (refused, "messages refused"), (refused_connects, "CONNECTs refused"),
            (connections_dropped, "connections ended by the broker"),
            (reconnects, "connections made again after that"),
            (silent_connects, "CONNECTs not answered"),
            (unexpected, "answers to nothing that was asked"),
            (malformed, "packets of the broker malformed"),
            (unknown_aliases, "publishes whose topic alias stands for no known topic"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    }
}
