internal import Foundation
internal import Measure
internal import Study
internal import Trial

extension SweepCommand {
    /// What the trials begin with, as it was asked for, or as fits the size of the study.
    func startState(
        _ recorded: ScalePlan.Recorded, _ scale: Scale
    ) throws(Failure) -> StartState {
        if let startBytes, startBytes < Self.leastStartBytes {
            throw Failure(
                .badInput,
                "--start-bytes wants \(Self.leastStartBytes) or more; to begin with nothing, say --start empty")
        }
        if start == .empty, startBytes != nil {
            throw Failure(.badInput, "--start empty and --start-bytes contradict each other")
        }
        // A quick study has its eight minutes for trials.
        guard start == .aged || startBytes != nil || (start == nil && !quick) else { return .empty }
        return .aged(
            Ageing(
                rate: recorded.messagesPerSecond,
                each: Double(recorded.memtableBytes) / Double(recorded.messages),
                miniature: scale.miniature, free: try freeBytes(), asked: startBytes))
    }

    /// A smaller database has no level below the first.
    private static let leastStartBytes: UInt64 = 1 << 20

    /// Of the disk that the study's folder will be on: of its nearest ancestor that exists.
    private func freeBytes() throws(Failure) -> UInt64 {
        var path = absolute(study ?? defaultStudy)
        while !FileManager.default.fileExists(atPath: path), path != "/" {
            path = (path as NSString).deletingLastPathComponent
        }
        do {
            let attributes = try FileManager.default.attributesOfFileSystem(forPath: path)
            return (attributes[.systemFreeSize] as? NSNumber)?.uint64Value ?? 0
        } catch {
            throw Failure(.environment, "\(path): its free space cannot be read (\(error))")
        }
    }
}
