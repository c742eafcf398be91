internal import Measure
internal import Traffic

/// What a recording does not hold, or holds in another way than it was, so that its replay is not quite the
/// traffic that was.
enum RecordingDoubts {
    /// Nothing happens for longer than this share of a recording: its clock was set, or it was stopped.
    private static let silence = 0.5
    private static let shortestSilence = Nanoseconds.seconds(60)

    static func sentences(_ inspection: Inspection, _ survey: Survey, older: Int) -> [String] {
        var sentences: [String] = []
        for capture in inspection.captures where capture.isCutOff {
            sentences.append("\(capture.path) was cut off: what comes after is not replayed")
        }
        if survey.packets.received == 0 {
            sentences.append(
                "only the clients' direction was recorded: how fast brokers and subscribers answered "
                    + "is not known, and no older subscription can be inferred")
        }
        if !survey.undeclared.isEmpty {
            sentences.append(
                "\(survey.undeclared.count) connections were there before the recording: they get a "
                    + "declared CONNECT with a clean start and no will")
        }
        if older > 0 {
            sentences.append(
                "\(older) sessions are older than the recording: they are made, with the "
                    + "subscriptions that are known, before it is replayed")
        }
        if survey.withoutTopic > 0 {
            sentences.append(
                "\(survey.withoutTopic) messages are left out: only an alias says their topic, which "
                    + "was set before the recording")
        }
        if survey.clock.setBack > 0 {
            sentences.append(
                "the recording's clock was set back \(survey.clock.setBack) times: time goes on from "
                    + "where it was")
        }
        let (length, from) = survey.clock.silence
        if length > shortestSilence, length.seconds > silence * survey.clock.offset.seconds {
            sentences.append(
                "nothing happens for \(Int(length.seconds)) s from second \(Int(from.seconds)) on: a "
                    + "clock that was set, or a recording that was stopped")
        }
        return sentences
    }
}
