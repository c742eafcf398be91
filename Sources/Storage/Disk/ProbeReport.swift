internal import Foundation
internal import Measure

/// A probe for people and for scripts; the names of its properties are the keys of the JSON.
package struct ProbeReport: Encodable {
    let directory: String
    let filesystem: String
    let mount_point: String
    let mount_options: [String]
    let device: String
    let fsync_us: [String: Double]
    let fsync_samples: Int
    let fsync_verdict: SyncHonesty
    let fsync_reason: String
    /// As a writer sees it, syncs included.
    let sequential_write_bytes_per_s: Double
    /// While a sync writes back.
    let device_write_bytes_per_s: Double
    /// Into the page cache.
    let buffered_append_bytes_per_s: Double
    let small_write_bytes_per_s: Double
    let read_latency_us: [String: Double]
    let read_samples: Int
    /// "direct", or "cached" where the file system refuses O_DIRECT: then reads say nothing of the device.
    let read_mode: String
    let sequential_read_bytes_per_s: Double
    let written_bytes: UInt64
    let elapsed_seconds: Double
    let optimised_build: Bool
    let model_file: String?
    let verification: Verification?

    struct Verification: Encodable {
        let holds: Bool
        let tolerance: Double
        let fsync_p50_device_us: Double
        let fsync_p50_model_us: Double
        let fsync_p50_deviation: Double
        let sequential_write_device_bytes_per_s: Double
        let sequential_write_model_bytes_per_s: Double
        let sequential_write_deviation: Double
    }

    package init(
        _ measured: DeviceMeasurement, modelFile: String?, verification: ProbeVerification?
    ) {
        directory = measured.directory
        filesystem = measured.mount.type
        mount_point = measured.mount.path
        mount_options = measured.mount.options
        device = measured.mount.source
        fsync_us = measured.fsync.microseconds
        fsync_samples = measured.syncs.count
        let honesty = SyncHonesty(median: measured.fsync.time(at: 0.5) ?? .zero)
        fsync_verdict = honesty
        fsync_reason = honesty.sentence
        sequential_write_bytes_per_s = measured.sequential.rounded()
        device_write_bytes_per_s = measured.transfer.rounded()
        buffered_append_bytes_per_s = measured.copy.rounded()
        small_write_bytes_per_s = measured.small.rounded()
        read_latency_us = measured.readLatency.microseconds
        read_samples = measured.reads.count
        read_mode = measured.readsAreDirect ? "direct" : "cached"
        sequential_read_bytes_per_s = measured.sequentialRead.rounded()
        written_bytes = measured.written.count
        elapsed_seconds = measured.elapsed.seconds
        optimised_build = isOptimisedBuild
        model_file = modelFile
        self.verification = verification.map {
            Verification(
                holds: $0.holds, tolerance: ProbeVerification.tolerance,
                fsync_p50_device_us: $0.syncMedian.device, fsync_p50_model_us: $0.syncMedian.model,
                fsync_p50_deviation: $0.syncMedian.deviation,
                sequential_write_device_bytes_per_s: $0.sequential.device.rounded(),
                sequential_write_model_bytes_per_s: $0.sequential.model.rounded(),
                sequential_write_deviation: $0.sequential.deviation)
        }
    }

    package func text() -> String {
        var lines = [
            "\(directory): \(filesystem) on \(device), mounted at \(mount_point) (\(mount_options.joined(separator: ",")))",
            "fdatasync       \(latency(fsync_us)), \(fsync_samples) appends of 4 KiB",
            "                \(fsync_verdict.rawValue): \(fsync_reason)",
            "write in order  \(rate(sequential_write_bytes_per_s)) with its syncs, "
                + "\(rate(device_write_bytes_per_s)) while syncing, "
                + "\(rate(buffered_append_bytes_per_s)) into the page cache",
            "write 4 KiB     \(rate(small_write_bytes_per_s)), one sync at the end",
            "read 4 KiB      \(latency(read_latency_us)), \(read_samples) reads"
                + (read_mode == "direct"
                    ? "" : " from memory: this file system has no O_DIRECT"),
            "read in order   \(rate(sequential_read_bytes_per_s))",
            "wrote \(Bytes(written_bytes)) in \(String(format: "%.1f", elapsed_seconds)) s and removed it",
        ]
        if let model_file { lines.append("the model is in \(model_file)") }
        if let verification {
            lines.append(
                "model           fdatasync p50 \(micro(verification.fsync_p50_device_us)) on the device, "
                    + "\(micro(verification.fsync_p50_model_us)) through the model (\(percent(verification.fsync_p50_deviation)))"
            )
            lines.append(
                "                write in order \(rate(verification.sequential_write_device_bytes_per_s)) on the device, "
                    + "\(rate(verification.sequential_write_model_bytes_per_s)) through the model (\(percent(verification.sequential_write_deviation)))"
            )
            lines.append(
                "                "
                    + (verification.holds ? "within" : "NOT within")
                    + " \(Int(verification.tolerance * 100)) %")
        }
        return lines.joined(separator: "\n")
    }

    private func latency(_ times: [String: Double]) -> String {
        ["p50", "p90", "p99", "max"].compactMap { name in
            times[name].map { "\(name) \(micro($0))" }
        }.joined(separator: ", ")
    }

    private func micro(_ time: Double) -> String { String(format: "%.0f us", time) }

    private func rate(_ bytes: Double) -> String { "\(Bytes(UInt64(max(0, bytes))))/s" }

    private func percent(_ share: Double) -> String { String(format: "%+.0f %%", share * 100) }
}

extension LatencyDistribution {
    fileprivate var microseconds: [String: Double] {
        var times: [String: Double] = [:]
        for name in Self.names {
            if let time = time(at: name.share) { times[name.name] = Double(time.count) / 1_000 }
        }
        return times
    }
}
