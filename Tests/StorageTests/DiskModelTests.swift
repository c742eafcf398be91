import Measure
import Storage
import Testing

/// The declared disk as arithmetic, on a clock that the test holds.
@Suite struct DiskModelTests {
    private func seconds(_ n: Double) -> Nanoseconds { .seconds(n) }

    @Test func anAppendIsFreeUntilSomebodySyncs() {
        var disk = DiskTimeline(.slow, seed: 1)
        #expect(disk.append(Bytes(3_000), to: 1, .zero) == .zero)
        #expect(disk.dirty(.zero) == Bytes(3_000))
        // 3,000 bytes at 1,000 a second, then the fsync.
        #expect(disk.sync(1, .zero) == seconds(4))
        #expect(disk.dirty(seconds(4)) == .zero)
    }

    /// Fails if a sync took another file's bytes with it.
    @Test func aSyncWaitsForItsOwnFileOnly() {
        var disk = DiskTimeline(.slow, seed: 1)
        _ = disk.append(Bytes(100_000), to: 1, .zero)
        _ = disk.append(Bytes(500), to: 2, .zero)
        #expect(disk.sync(2, .zero) == seconds(1.5))
        #expect(disk.dirty(seconds(1.5)) == Bytes(100_000))
    }

    @Test func syncsShareTheBandwidthAndOverlapTheirLatency() {
        var disk = DiskTimeline(.slow, seed: 1)
        for file in UInt64(1)...2 { _ = disk.append(Bytes(1_000), to: file, .zero) }
        #expect(disk.sync(1, .zero) == seconds(2))
        // Its bytes go second, its fsync overlaps that of the first.
        #expect(disk.sync(2, .zero) == seconds(3))
    }

    @Test func aFullQueueMakesTheNextWait() {
        var disk = DiskTimeline(DiskModel.slow.with { $0.queueDepth = 2 }, seed: 1)
        #expect(disk.sync(1, .zero) == seconds(1))
        #expect(disk.sync(2, .zero) == seconds(1))
        #expect(disk.sync(3, .zero) == seconds(2))
    }

    @Test func theKernelWritesBackWhatIsTooMuch() {
        let model = DiskModel.slow.with { $0.pageCache.background = Bytes(2_000) }
        var disk = DiskTimeline(model, seed: 1)
        _ = disk.append(Bytes(2_000), to: 1, .zero)
        #expect(disk.dirty(seconds(10)) == Bytes(2_000), "not more than the kernel leaves alone")
        _ = disk.append(Bytes(1_000), to: 2, seconds(10))
        // From then on it flows, at the bandwidth, without a sync, the oldest file first.
        #expect(disk.dirty(seconds(11)) == Bytes(2_000))
        #expect(disk.dirty(seconds(12)) == Bytes(1_000))
        #expect(disk.dirty(seconds(20)) == Bytes(1_000), "below the threshold it stops")
    }

    @Test func whatIsOldIsWrittenBack() {
        let model = DiskModel.slow.with { $0.pageCache.expiry = .seconds(30) }
        var disk = DiskTimeline(model, seed: 1)
        _ = disk.append(Bytes(2_000), to: 1, .zero)
        #expect(disk.dirty(seconds(30)) == Bytes(2_000))
        #expect(disk.dirty(seconds(31)) == Bytes(1_000))
        #expect(disk.sync(1, seconds(31)) == seconds(33), "the other half, then the fsync")
    }

    /// What `bytes_per_sync` does: by the time of the sync there is little left to write.
    @Test func writebackThatWasAskedForIsNotPaidAgain() {
        var disk = DiskTimeline(.slow, seed: 1)
        _ = disk.append(Bytes(3_000), to: 1, .zero)
        disk.startWriteback(of: 1, .zero)
        #expect(disk.sync(1, seconds(2)) == seconds(4))
    }

    /// What the device has been given already is ahead of a sync in its queue.
    @Test func aSyncQueuesBehindWhatIsInFlight() {
        var disk = DiskTimeline(DiskModel.slow.with { $0.queueDepth = 2 }, seed: 1)
        _ = disk.append(Bytes(100_000), to: 1, .zero)
        disk.startWriteback(of: 1, .zero)
        _ = disk.append(Bytes(1_000), to: 2, .zero)
        // Two requests of 1,000 bytes, its own 1,000, the fsync.
        #expect(disk.sync(2, .zero) == seconds(4))
    }

    @Test func aboveTheDirtyLimitAnAppendWaits() {
        let model = DiskModel.slow.with {
            $0.pageCache.background = Bytes(1_000)
            $0.pageCache.limit = Bytes(5_000)
        }
        var disk = DiskTimeline(model, seed: 1)
        #expect(disk.append(Bytes(5_000), to: 1, .zero) == .zero)
        #expect(disk.append(Bytes(2_000), to: 1, .zero) == seconds(2))
    }

    @Test func copyingIntoThePageCacheIsTheWritersOwnTime() {
        let model = DiskModel.slow.with { $0.pageCache.copy = Bytes(4_000) }
        var disk = DiskTimeline(model, seed: 1)
        #expect(disk.append(Bytes(2_000), to: 1, .zero) == seconds(0.5))
        #expect(disk.append(Bytes(2_000), to: 2, .zero) == seconds(0.5), "another writer's too")
    }

    @Test func aBurstLastsAsLongAsItsCredits() {
        let model = DiskModel.slow.with {
            $0.write = .init(sustained: Bytes(1_000), burst: Bytes(3_000), credit: Bytes(4_000))
            $0.fsync = LatencyDistribution(always: .zero + Nanoseconds(1))
        }
        var disk = DiskTimeline(model, seed: 1)
        // Credits fall by 2,000 a second while it bursts: 2 s, in which 6,000 bytes go.
        _ = disk.append(Bytes(3_000), to: 1, .zero)
        #expect(disk.sync(1, .zero) == seconds(1) + Nanoseconds(1))
        _ = disk.append(Bytes(5_000), to: 1, seconds(1))
        #expect(disk.sync(1, seconds(1)) == seconds(4) + Nanoseconds(1))
        // At rest they come back at the sustained rate.
        _ = disk.append(Bytes(3_000), to: 1, seconds(6))
        #expect(disk.sync(1, seconds(6)) == seconds(7) + Nanoseconds(1))
    }

    @Test func operationsAreLimitedToo() {
        let model = DiskModel.slow.with {
            $0.operations = .init(sustained: 2)
            $0.fsync = LatencyDistribution(always: Nanoseconds(1))
        }
        var disk = DiskTimeline(model, seed: 1)
        // Two operations a second: five syncs of nothing take 2.5 s.
        var last = Nanoseconds.zero
        for _ in 0..<5 { last = disk.sync(1, last) }
        #expect(last >= seconds(2.5) && last < seconds(2.5) + .microseconds(1))
    }

    @Test func whatThePageCacheHoldsIsFree() {
        let model = DiskModel.slow.with { $0.pageCache.size = .kib(64) }
        var disk = DiskTimeline(model, seed: 1)
        _ = disk.append(.kib(16), to: 1, .zero)
        #expect(disk.read(.kib(16), of: 1, .zero) == .zero, "it was just written")
        // 16,384 bytes at 2,000 a second.
        #expect(disk.read(.kib(16), of: 2, .zero) == seconds(8.192))
        #expect(disk.read(.kib(16), of: 2, seconds(9)) == seconds(9))
        #expect(disk.read(Bytes(100), of: 3, direct: true, seconds(9)) == seconds(9.1))
        // Four parts are held; a fifth puts the one out that was not used longest.
        for file in UInt64(10)..<14 { _ = disk.append(.kib(16), to: file, seconds(9)) }
        #expect(disk.read(Bytes(100), of: 2, seconds(20)) > seconds(20))
    }

    @Test func aFileThatIsRemovedIsNotWritten() {
        var disk = DiskTimeline(.slow, seed: 1)
        _ = disk.append(Bytes(5_000), to: 1, .zero)
        disk.remove(1, .zero)
        #expect(disk.dirty(.zero) == .zero)
    }

    @Test func drawsFollowTheDeclaredDistributionAndTheSeed() {
        let times = (501...1_500).map { Nanoseconds.microseconds(Int64($0)) }
        let model = DiskModel.slow.with { $0.fsync = LatencyDistribution(measured: times) }
        func draws(_ seed: UInt64) -> [Nanoseconds] {
            var disk = DiskTimeline(model, seed: seed)
            var now = Nanoseconds.zero
            return (0..<4_000).map { _ in
                let done = disk.sync(1, now)
                defer { now = done }
                return done - now
            }
        }
        let drawn = draws(7).sorted()
        #expect(drawn == draws(7).sorted())
        #expect(drawn != draws(8).sorted())
        for (share, expected) in [(0.5, 1_000.0), (0.9, 1_400), (0.99, 1_490)] {
            let found = Double(drawn[Int(share * 4_000)].count) / 1_000
            // 4,000 draws: three standard errors of a quantile are under 4 % here.
            #expect(abs(found / expected - 1) < 0.04, "\(share): \(found) us")
        }
        #expect(drawn[0] >= .microseconds(501))
        #expect(drawn[3_999] <= .microseconds(1_500))
    }
}
