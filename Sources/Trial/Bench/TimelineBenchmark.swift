internal import Measure
internal import Replay
package import Traffic

/// How fast the timeline of a recording is read, and in how much memory: the first reading and one pass, with
/// nobody to send to.
package struct TimelineBenchmark {
    package struct Row: Codable, Sendable {
        package let clients: Int
        package let steps: Int
        /// Of the packets that are sent.
        package let packet_bytes: Int
        package let first_reading_s: Double
        package let pass_s: Double
        package let steps_per_s: Double
        /// Of this process, the whole time.
        package let peak_resident_bytes: Int
        package let optimised_build: Bool
    }

    private let captures: [String]

    package init(captures: [String]) { self.captures = captures }

    /// - Parameter progress: called with one line before each reading.
    package func run(progress: (String) -> Void) throws(CaptureError) -> Row {
        progress("first reading")
        let began = MonotonicTime.now()
        let recording = try Recording(captures: captures)
        let read = MonotonicTime.now()
        progress("one pass")
        let timeline = recording.timeline()
        var (steps, bytes) = (0, 0)
        while try timeline.next() != nil {
            steps += 1
            timeline.withPacket { bytes += $0.byteCount }
        }
        let end = MonotonicTime.now()
        return Row(
            clients: timeline.clients.count, steps: steps, packet_bytes: bytes,
            first_reading_s: (read - began).seconds, pass_s: (end - read).seconds,
            steps_per_s: Double(steps) / (end - read).seconds,
            peak_resident_bytes: Int(peakResident().count), optimised_build: isOptimisedBuild)
    }
}
