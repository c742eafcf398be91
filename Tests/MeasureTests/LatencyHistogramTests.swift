import Foundation
import Measure
import Testing

@Suite struct LatencyHistogramTests {
    @Test func percentilesKeepThreeDigits() {
        var histogram = LatencyHistogram()
        for millisecond in 1...1_000 { histogram.record(.milliseconds(Int64(millisecond))) }
        let p99 = histogram.percentile(99)?.seconds ?? 0
        #expect(abs(p99 - 0.990) < 0.002)
        #expect(histogram.count == 1_000)
    }

    @Test func nothingRecordedHasNoPercentile() {
        #expect(LatencyHistogram().percentile(99) == nil)
        #expect(LatencyHistogram().maximum == nil)
    }

    /// A wait beyond the range must not vanish: it is what the tail is about.
    @Test func aWaitBeyondTheRangeIsCountedAndNotDropped() {
        var histogram = LatencyHistogram()
        histogram.record(.seconds(10_000))
        #expect(histogram.count == 1)
        #expect(histogram.beyond == 1)
        #expect((histogram.maximum?.seconds ?? 0) >= 3_590)
    }

    @Test func whatCameSinceACopyIsTheDifference() {
        var histogram = LatencyHistogram(), second = LatencyHistogram()
        for value in [3, 3, 700] as [Int64] { histogram.record(.microseconds(value)) }
        let copy = histogram
        for value in [3, 50, 9_000] as [Int64] {
            histogram.record(.microseconds(value))
            second.record(.microseconds(value))
        }
        let since = histogram.since(copy)
        #expect(since.count == 3)
        for percentile in [1, 50, 100] as [Double] {
            #expect(since.percentile(percentile) == second.percentile(percentile))
        }
        #expect(copy.since(copy).percentile(99) == nil)
    }

    @Test func addingIsRecordingBoth() {
        var a = LatencyHistogram(), b = LatencyHistogram(), both = LatencyHistogram()
        for value in [1, 10, 100] as [Int64] {
            a.record(.microseconds(value))
            both.record(.microseconds(value))
        }
        for value in [1_000, 10_000] as [Int64] {
            b.record(.microseconds(value))
            both.record(.microseconds(value))
        }
        a.add(b)
        for percentile in [50, 90, 99, 100] as [Double] {
            #expect(a.percentile(percentile) == both.percentile(percentile))
        }
    }

    @Test func storedAndReadBackIsTheSame() throws {
        var histogram = LatencyHistogram()
        var seed = Seed(7)
        for _ in 0..<5_000 {
            histogram.record(.microseconds(Int64.random(in: 1...2_000_000, using: &seed)))
        }
        let data = try JSONEncoder().encode(histogram)
        let back = try JSONDecoder().decode(LatencyHistogram.self, from: data)
        #expect(back.count == histogram.count)
        for percentile in [1, 50, 99, 99.9, 100] as [Double] {
            #expect(back.percentile(percentile) == histogram.percentile(percentile))
        }
    }
}
