package import Measure

/// Whether a model behaves like the device that it was made from: the same writes, on files in memory,
/// through the model.
package struct ProbeVerification: Sendable {
    /// A figure of the device and of its model.
    package struct Pair: Sendable {
        package let device: Double
        package let model: Double
        /// Of the model from the device, as a share of the device's figure; positive: the model has more.
        package var deviation: Double { model / device - 1 }
    }

    /// Microseconds of the median small append and its `fdatasync`.
    package let syncMedian: Pair
    /// Bytes per second of appends in order, syncs included.
    package let sequential: Pair

    /// Issue 4's promise.
    package static let tolerance = 0.2

    package var holds: Bool {
        [syncMedian, sequential].allSatisfy { abs($0.deviation) <= Self.tolerance }
    }

    /// - Parameter memory: a probe of a directory in memory (tmpfs), so that the model alone takes time.
    /// - Throws: `.failed` if it is not in memory.
    package init(
        of measured: DeviceMeasurement, model: DiskModel, seed: Seed, in memory: DeviceProbe
    ) throws(DeviceProbe.Failure) {
        let (path, mount) = try memory.inspect()
        guard mount.isMemory else {
            throw .failed(
                "\(path): is \(mount.type), not tmpfs; a model is verified on files in memory, "
                    + "where nothing but the model takes time")
        }
        let writing = try memory.withScratch { scratch throws(DeviceProbe.Failure) in
            let engine: RocksEngine
            do { engine = RocksEngine(on: try Disk(.modelled(model, seed))) } catch {
                throw .failed("the modelled disk cannot be made: \(error)")
            }
            return try memory.write(on: engine, in: scratch)
        }
        let medians = [measured.syncs, writing.syncs].map { times in
            Double(LatencyDistribution(measured: times).time(at: 0.5)?.count ?? 0) / 1_000
        }
        syncMedian = Pair(device: medians[0], model: medians[1])
        sequential = Pair(device: measured.sequential, model: writing.sequential)
    }
}
