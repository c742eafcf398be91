import Foundation
import Measure
import Storage
import TestSupport
import Testing

/// What a probe concludes from what it measured; what it measures is no test's business.
@Suite struct DeviceProbeTests {
    static let table = """
        22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro
        25 22 0:22 / /dev/shm rw,nosuid,nodev - tmpfs tmpfs rw,size=1024k
        30 22 254:16 /data /var/lib/emqx\\040data rw,noatime master:1 propagate_from:2 - xfs /dev/vdb rw,attr2
        31 30 254:32 / /var/lib/emqx\\040data rw - ext4 /dev/vdc rw
        nonsense
        """

    @Test func theMountIsTheOneThatHoldsTheDirectory() {
        let root = MountPoint(of: "/home/a", in: Self.table)
        #expect(root?.source == "/dev/vda" && root?.type == "ext4" && root?.device == "254:0")
        #expect(root?.options == ["rw", "relatime", "errors=remount-ro"])
        #expect(MountPoint(of: "/dev/shm", in: Self.table)?.isMemory == true)
        #expect(MountPoint(of: "/dev/shmother", in: Self.table)?.path == "/")
        // Mounted over another: the last covers it.
        let data = MountPoint(of: "/var/lib/emqx data/ds", in: Self.table)
        #expect(data?.path == "/var/lib/emqx data" && data?.source == "/dev/vdc")
        #expect(MountPoint(of: "/", in: Self.table)?.path == "/")
        #expect(MountPoint(of: "/", in: "") == nil)
    }

    @Test(
        arguments: [
            (3 as Int64, SyncHonesty.tooFast), (19, .tooFast), (20, .needsProtection),
            (199, .needsProtection),
            (200, .plausible), (9_000, .plausible),
        ] as [(Int64, SyncHonesty)]) func aSyncThatIsTooFastIsNotBelieved(
            _ microseconds: Int64, _ expected: SyncHonesty
        )
    {
        let found = SyncHonesty(median: .microseconds(microseconds))
        #expect(found == expected)
        #expect(found.sentence.contains("cache") == (expected != .plausible))
    }

    @Test func percentilesAreThoseOfTheMeasuredTimes() {
        let distribution = LatencyDistribution(
            measured: (1...1_001).reversed().map { .microseconds(Int64($0)) })
        #expect(distribution.time(at: 0) == .microseconds(1))
        #expect(distribution.time(at: 0.5) == .microseconds(501))
        #expect(distribution.time(at: 0.99) == .microseconds(991))
        #expect(distribution.time(at: 1) == .microseconds(1_001))
    }

    /// A stop between two operations ends it with nothing left behind, wherever it comes.
    @Test(arguments: [1, 20, 200]) func aStoppedProbeLeavesNothing(_ after: Int) throws {
        let scratch = ScratchDirectory()
        var asked = 0
        let probe = DeviceProbe(
            directory: scratch.path, seconds: 1, progress: { _ in },
            isStopped: {
                asked += 1
                return asked > after
            })
        let error = #expect(throws: DeviceProbe.Failure.self) { _ = try probe.run() }
        guard case .stopped? = error else {
            Issue.record("not stopped but \(String(describing: error))")
            return
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }
}
