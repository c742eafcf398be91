internal import Foundation
internal import MQTT
package import Measure
package import Traffic

/// The timeline of recorded traffic that is read from its files while it is replayed, on a thread of its own
/// that is a few megabytes ahead: however long the recording, little of it is in memory.
///
/// It says the same as the `TraceTimeline` of the same recording.
package final class RecordingTimeline: Timeline {
    private let queue = BatchQueue()
    private let times: RecordedTimes
    private var cast = Cast()
    private var batch = EventBatch()
    private var place = 0
    private var isOver = false
    private var prelude = StepQueue()
    /// Of the last step: its packet in the batch, or a copy of one of the prelude's.
    private var packet = 0..<0
    private var made: [UInt8] = []

    /// Begins to read.
    init(
        _ paths: [String], options: ReadingOptions, survey: Survey, older: [OlderSession]
    ) {
        times = survey.times
        for session in older { session.enter(&prelude, &cast) }
        let queue = queue
        let undeclared = survey.undeclared
        Thread.detachNewThread {
            let feeder = EventFeeder(queue, undeclared: undeclared)
            do throws(CaptureError) {
                var read = try readTraffic(paths, options: options, telling: feeder)
                read.finish()
                queue.finish()
            } catch { queue.finish(error) }
        }
    }

    deinit { queue.cancel() }

    package var clients: [TimelineClient] { cast.clients }

    package func next() throws(CaptureError) -> TimelineStep? {
        packet = 0..<0
        if let step = prelude.next(&made) { return step }
        made = []
        while !isOver {
            while place < batch.events.count {
                let (event, range) = batch.events[place]
                place += 1
                if let step = cast.step(for: event) {
                    packet = range
                    return step
                }
            }
            // The old one goes before the new one comes.
            batch = EventBatch()
            place = 0
            if let next = try queue.take() { batch = next } else { isOver = true }
        }
        return cast.closeNext()
    }

    package func answerDelays(of client: Int) -> [Nanoseconds?] {
        times.acknowledgementDelays(of: clients[client].clientID)
    }

    package func withPacket(_ body: (RawSpan) -> Void) {
        if made.isEmpty {
            batch.bytes.withUnsafeBytes { body($0.bytes.extracting(packet)) }
        } else {
            made.withPacket(body)
        }
    }
}
