import Foundation
import MQTT
import Testing

import Traffic

/// The parts that a traffic profile is counted with.
struct ProfileTests {
    /// Fails if a bucket's bounds are wrong by one.
    @Test func percentilesAreNeverTooLowAndAtMostAThirtiethTooHigh() {
        var sizes = SizeDistribution()
        for size in 1...10_000 { sizes.add(size) }
        for percentile in [1.0, 25, 50, 90, 99, 99.9, 100] {
            let truth = percentile * 100
            let found = Double(sizes.percentile(percentile) ?? 0)
            #expect(found >= truth && found <= truth * 1.032 + 1, "\(percentile): \(found)")
        }
        #expect(sizes.minimum == 1 && sizes.maximum == 10_000 && sizes.mean == 5_000.5)
        #expect(SizeDistribution().percentile(50) == nil)
    }

    @Test(arguments: [0, 1, 63, 64, 65, 127, 128, 4_095, 1 << 28]) func aSizeAloneIsItself(
        _ size: Int
    ) {
        var sizes = SizeDistribution()
        sizes.add(size)
        #expect(sizes.percentile(50) == size)
    }

    /// Fails if the registers or the constants of HyperLogLog are wrong: five standard errors are 8 %.
    @Test(arguments: [10, 1_000, 1_024, 1_025, 5_000, 200_000]) func distinctThingsAreCounted(
        _ number: Int
    ) {
        var counter = DistinctCounter()
        for round in 0..<2 {
            for thing in 0..<number {
                counter.add(UInt64(thing) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(round * 0))
            }
        }
        #expect(counter.isExact == (number <= 1_024))
        let tolerance = number <= 1_024 ? 0 : 0.08
        #expect(abs(Double(counter.count) / Double(number) - 1) <= tolerance, "\(counter.count)")
    }

    /// One publish each 100 ms for a minute and a half, and once fifty at the same time.
    @Test func burstsArePeakOverMean() {
        var windows = BurstWindows()
        let start: Int64 = 1_700_000_040_000_000_000
        for step in 0..<900 { windows.add(at: start + Int64(step) * 100_000_000) }
        for _ in 0..<50 { windows.add(at: start + 89_900_000_000) }
        let span: Int64 = 90_000_000_000
        #expect(windows.tenMilliseconds.peak == 51)
        #expect(windows.second.peak == 60)
        let burst = TrafficProfile.Burst(windows, span: span)
        let mean = 950.0 / 90
        #expect(abs((burst.peakToMean1s ?? 0) - 60 / mean) < 1e-9)
        #expect(abs((burst.peakToMean10ms ?? 0) - 51 / (mean / 100)) < 1e-9)
        #expect(TrafficProfile.Burst(windows, span: 1_000_000_000).peakToMean1s == nil)
    }

    /// Fails if slices are lost or mixed when their width doubles.
    @Test func slicesOfTimeKeepTheirOrderWhenTheyGrow() throws {
        var latencies = LatencySlices()
        for second in 0..<1_000 {
            let time = Int64(second) * 1_000_000_000
            latencies.published(dup: second >= 600, at: time)
            latencies.answered(after: Int64(1 + second) * 1_000_000, at: time)
        }
        let slices = latencies.slices
        #expect(slices.count <= 64)
        #expect(slices.reduce(0) { $0 + $1.count } == 1_000)
        #expect(slices.reduce(0) { $0 + $1.duplicates } == 400)
        let medians = slices.compactMap(\.median)
        #expect(medians == medians.sorted())
        let drift = try #require(LatencyDrift(slices))
        // A millisecond more each second.
        #expect(abs(drift.slope / 60_000 - 1) < 0.1)
        #expect(drift.lastThird > 3 * drift.firstThird)
        #expect(drift.climbsWithDuplicates)
    }

    @Test func slownessWithoutRepetitionIsNoFeedbackLoop() throws {
        var latencies = LatencySlices()
        for second in 0..<30 {
            latencies.published(dup: false, at: Int64(second) * 1_000_000_000)
            latencies.answered(
                after: Int64(1 + second) * 1_000_000, at: Int64(second) * 1_000_000_000)
        }
        #expect(try #require(LatencyDrift(latencies.slices)).climbsWithDuplicates == false)
    }

    /// Fails if places are mixed up when connections close in another order than they opened.
    @Test func placesOfClosedConnectionsAreUsedAgain() {
        var connections = OpenConnections<Int>()
        for number in 0..<1_000 {
            connections.open(number, number)
            // Each third stays open until the end.
            if number % 3 != 0 { connections.close(number, leaving: -1) }
        }
        for number in 0..<1_000 {
            let state = connections.place(of: number).map { connections.states[$0] }
            #expect(state == (number % 3 == 0 ? number : nil))
        }
        #expect(connections.states.count <= 335)
    }

    /// Fails if a payload of one topic pushes the others out, or if the budget is exceeded.
    @Test func samplesStayWithinTheirBudgetAndHoldRareTopics() {
        var samples = PayloadSamples()
        let payload = [UInt8](repeating: 7, count: 2_000)
        for topic in 0..<4_000 { samples.offer(payload.span.bytes, of: topic, publishes: 1) }
        for publishes in 1...10_000 {
            samples.offer(payload.span.bytes, of: 9_999, publishes: publishes)
        }
        #expect(samples.bytes.count <= 2 << 20)
        #expect(samples.samples.count > 300)
        #expect(samples.samples.count { $0.topic == 9_999 } <= 14)
    }

    @Test func compressionIsByBlocksAndNeverExpands() {
        var seed: UInt64 = 1
        let noise: [UInt8] = (0..<20_000).map { _ in
            seed = seed &* 6_364_136_223_846_793_005 &+ 1
            return UInt8(truncatingIfNeeded: seed >> 33)
        }
        #expect(BlockCompression.snappy(noise) <= noise.count)
        #expect(BlockCompression.zstd(noise) <= noise.count)
        let zeros = [UInt8](repeating: 0, count: 20_000)
        // Five blocks, not one.
        #expect((5...20_000 / 10).contains(BlockCompression.zstd(zeros)))
        #expect(BlockCompression.snappy(zeros) < zeros.count / 10)
        #expect(BlockCompression.snappy([]) == 0)
    }
}
