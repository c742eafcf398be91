internal import MQTT
package import Measure
package import Traffic

/// Recorded traffic that was read once and is ready to be replayed, as often as one likes.
///
/// The first reading finds what only the end of a recording tells; each pass reads the files again, so that
/// little is in memory at a time. Standard input cannot be read again and is kept in memory.
package struct Recording {
    package let inspection: Inspection
    package let topicClasses: TopicClasses
    /// Acknowledgements as the recorded broker and the recorded subscribers gave them.
    package let times: RecordedTimes
    /// Where topics name devices, found in the topic tree.
    package let devices: DeviceLevels
    /// Clients that subscribe to something.
    package let subscribers: Set<String>
    /// From the first thing that a client did to the last.
    package let span: Nanoseconds
    /// Sessions that are older than the recording and are made before it is replayed.
    package var olderSessions: Int { older.count }
    /// Messages that are left out, because only an alias says their topic that was set before the recording began.
    package var withoutTopic: Int { survey.withoutTopic }
    /// Why the replay is not quite what was recorded, a sentence each.
    package let doubts: [String]
    private let paths: [String]
    private let options: ReadingOptions
    private let survey: Survey
    private let older: [OlderSession]
    private let trace: Trace?

    /// Reads everything once.
    /// - Throws: `.noMQTT` if nothing was found, and whatever is wrong with a file.
    package init(
        captures paths: [String], options: ReadingOptions = ReadingOptions()
    ) throws(CaptureError) {
        let wanted = Set(options.subscriptions?.entries.map(\.clientID) ?? [])
        let reading = try FirstReading(
            of: paths, options: options, telling: Survey(wanted: wanted),
            keepsTrace: paths.contains("-"))
        let survey = reading.observer
        inspection = reading.inspection
        topicClasses = reading.topicClasses
        times = survey.times
        devices = DeviceLevels(survey.devices)
        subscribers = survey.subscribers
        span = survey.clock.offset
        older = Dictionary(grouping: reading.older.entries, by: \.clientID)
            .sorted { $0.key < $1.key }
            .map { client, entries in
                OlderSession(
                    client, first: survey.resumed[client],
                    entries.map { Subscription(filter: $0.filter.text, qos: $0.qos) })
            }
        trace = reading.trace
        doubts = RecordingDoubts.sentences(reading.inspection, survey, older: older.count)
        (self.paths, self.options, self.survey) = (paths, options, survey)
    }

    /// Whether clients sent anything; if not, there is nothing to replay.
    package var hasSteps: Bool { survey.packets.sent > 0 }

    /// One pass, from its beginning.
    package func timeline() -> any Timeline {
        let base: any Timeline =
            if let trace {
                TraceTimeline(trace, older: older, times)
            } else {
                RecordingTimeline(paths, options: options, survey: survey, older: older)
            }
        return withoutTopic > 0 ? RewrittenTimeline(base, Unchanged()) : base
    }

    /// - Parameter level: where topics name their device, counted from 0.
    package func devices(at level: Int) -> DeviceLevels {
        DeviceLevels(survey.devices, given: level)
    }
}
