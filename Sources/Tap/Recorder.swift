internal import Dispatch
internal import Glibc
internal import Synchronization

/// Writes what the event loop hears, on a thread of its own.
final class Recorder: Sendable {
    private let intake: Intake
    private let recording: Mutex<Recording>
    private let thread = DispatchQueue(label: "dstune.record")
    private let release: @Sendable () -> Void

    /// How often a file is looked after when nothing is heard, milliseconds.
    private static let patience = 500
    /// What comes within so many microseconds is written together.
    private static let gathering: UInt32 = 2_000

    /// - Parameter release: is called when so much was written that the loop may hear again.
    init(
        _ configuration: TapConfiguration, _ intake: Intake,
        _ note: @escaping @Sendable (String) -> Void, release: @escaping @Sendable () -> Void
    ) throws(TapError) {
        self.intake = intake
        self.release = release
        recording = Mutex(try Recording(configuration, note))
        thread.async { self.run() }
    }

    /// Waits until everything is written.
    func finish() async -> TapSummary {
        intake.end()
        await withCheckedContinuation { done in thread.async { done.resume() } }
        return recording.withLock { $0.finish() }
    }

    private func run() {
        var spare = Intake.Batch()
        while true {
            var (batch, wasFull) = intake.take(spare, timeout: Self.patience)
            recording.withLock { $0.write(batch) }
            if wasFull { release() }
            if batch.isLast { return }
            let isBusy = !batch.entries.isEmpty
            batch.clear()
            spare = batch
            if isBusy { usleep(Self.gathering) }
        }
    }
}

extension Intake.Batch {
    /// Empties it for the next use; what a burst needed is given back.
    fileprivate mutating func clear() {
        entries.removeAll(keepingCapacity: entries.count < Self.kept)
        bytes.removeAll(keepingCapacity: bytes.count < Self.kept)
    }

    private static let kept = 1 << 20
}
