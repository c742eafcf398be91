import Server
import Testing

/// When a broker stops to answer each connection at once, and when it begins again.
@Suite struct TurnPressureTests {
    private static func pressure(after turns: [Int]) -> TurnPressure {
        var pressure = TurnPressure()
        for reads in turns {
            for _ in 0..<reads { pressure.noteRead() }
            pressure.endTurn()
        }
        return pressure
    }

    @Test func fewConnectionsATurnAreNoPressure() {
        #expect(!Self.pressure(after: Array(repeating: 15, count: 1_000)).isHigh)
    }

    /// Fails if whoever was held up for once goes on as if it was busy.
    @Test func oneTurnThatWasHeldUpIsNoPressure() {
        #expect(!Self.pressure(after: Array(repeating: 5, count: 100) + [300]).isHigh)
    }

    @Test func manyConnectionsInEveryTurnAre() {
        #expect(Self.pressure(after: Array(repeating: 40, count: 100)).isHigh)
    }

    /// Fails if the one way of working leads back to the other at once, or never.
    @Test func itStaysHighUntilTurnsAreReallyShorter() {
        let busy = Array(repeating: 40, count: 100)
        #expect(Self.pressure(after: busy + Array(repeating: 22, count: 1_000)).isHigh)
        #expect(!Self.pressure(after: busy + Array(repeating: 12, count: 100)).isHigh)
    }
}
