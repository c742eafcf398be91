internal import Foundation
internal import Glibc
internal import Measure
internal import Traffic

/// How much memory `dstune inspect` takes for a recording that does not end: it is fed through standard
/// input with a capture many times at once, again and again, later each time.
package struct CaptureMemoryBenchmark {
    package struct Row: Codable, Sendable {
        package let fed_bytes: Int
        /// Copies of the capture at the same time.
        package let copies: Int
        package let rounds: Int
        package let peak_resident_bytes: Int
        package let seconds: Double
        package let optimised_build: Bool
    }

    private let capture: String
    private let bytes: Int
    private let copies: Int
    private let executable: String

    /// - Parameters:
    ///   - bytes: at least so many are fed; rounds are not cut.
    ///   - executable: this tool.
    package init(capture: String, bytes: Int, copies: Int, executable: String) {
        (self.capture, self.bytes, self.copies) = (capture, bytes, copies)
        self.executable = executable
    }

    /// - Parameter progress: called with one line before each round.
    package func run(progress: (String) -> Void) throws -> Row {
        let repeated = try RepeatedCapture(capture, copies: copies)
        let child = try ChildRun.start(
            [executable, "inspect", "-", "--format", "json"], feeding: true)
        var (fed, round) = (0, 0)
        do throws(TrialError) {
            fed += try feed(repeated.header, to: child.input)
            while fed < bytes {
                progress("round \(round + 1), \(fed >> 20) MiB fed")
                try repeated.write(round: round) { (records) throws(TrialError) in
                    fed += try feed(records, to: child.input)
                }
                round += 1
            }
            close(child.input)
        } catch {
            close(child.input)
            _ = ChildRun.wait(for: child)
            throw error
        }
        let run = ChildRun.wait(for: child)
        guard run.code == 0 else {
            throw TrialError.environment("dstune inspect failed with code \(run.code)")
        }
        return Row(
            fed_bytes: fed, copies: copies, rounds: round, peak_resident_bytes: run.peakResident,
            seconds: run.seconds, optimised_build: isOptimisedBuild)
    }

    private func feed(_ bytes: borrowing [UInt8], to descriptor: Int32) throws(TrialError) -> Int {
        var start = 0
        let count = bytes.count
        while start < count {
            let written = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + start }, count - start)
            }
            if written > 0 {
                start += written
            } else if errno != EINTR {
                throw .environment(
                    "dstune inspect stopped reading (\(String(cString: strerror(errno))))")
            }
        }
        return count
    }
}
