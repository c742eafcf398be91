import Measure
import Replay
import Testing

@Suite struct ParityReportTests {
    private static func side(_ microseconds: [Int64], sent: Int = 3) -> ParityReport.Side {
        var puback = LatencyHistogram()
        for value in microseconds { puback.record(.microseconds(value)) }
        return ParityReport.Side(
            sent: [1, sent, 0], acknowledged: [0, 3, 0], delivered: [0, 0, 0],
            latencies: [("puback", puback), ("pubrec", LatencyHistogram())])
    }

    /// Fails if the sign is wrong, if one side without samples makes a row, or if noise is told as a difference.
    @Test func theDifferenceIsOfMediansAndSaysWhetherItIsOne() throws {
        let apart = ParityReport(
            inProcess: [Self.side([100]), Self.side([120]), Self.side([110])],
            tcp: [Self.side([200]), Self.side([180]), Self.side([190])])
        let row = try #require(apart.latencies.first)
        #expect(apart.latencies.map(\.latency) == ["puback", "puback", "puback"])
        #expect(abs(row.difference_us - 80) < 1 && row.is_clear)
        #expect("\(apart)".contains("+80 µs"))
        let mixed = ParityReport(
            inProcess: [Self.side([100]), Self.side([200])],
            tcp: [Self.side([150]), Self.side([170])])
        #expect(mixed.latencies.allSatisfy { !$0.is_clear })
        #expect("\(mixed)".contains("within the spread of rounds"))
    }

    @Test func countsThatDifferAreShown() {
        let report = ParityReport(inProcess: [Self.side([1])], tcp: [Self.side([1], sent: 2)])
        #expect(report.counts.map(\.agrees) == [false, true, true])
        #expect("\(report)".contains("sent differs: in process 1 / 3 / 0; over TCP 1 / 2 / 0"))
    }
}
