import Measure
import Replay
import Testing

@Suite struct ScheduleTests {
    private static func schedule(speed: Double) -> Schedule {
        Schedule(
            start: MonotonicTime(nanoseconds: 1_000), speed: speed, period: .seconds(10),
            warmUp: .seconds(1), window: .seconds(2))
    }

    @Test func dueTimesAreAbsoluteAndCompressed() {
        let schedule = Self.schedule(speed: 4)
        #expect(schedule.due(.seconds(8), pass: 0).nanoseconds == 1_000 + 2_000_000_000)
        // The third pass begins two periods later, compressed.
        #expect(schedule.due(.zero, pass: 2).nanoseconds == 1_000 + 5_000_000_000)
    }

    @Test func joiningTheEndToTheBeginningMakesNeitherPauseNorBurst() {
        // Eleven events, one a second: the next pass begins one second after the last.
        #expect(Schedule.period(last: .seconds(10), events: 11) == .seconds(11))
        #expect(Schedule.period(last: .zero, events: 1) == .seconds(1))
    }

    /// A capture whose clock was set spans decades; its plan is useless and must not trap.
    @Test func decadesDoNotOverflow() {
        let schedule = Schedule(
            start: MonotonicTime(nanoseconds: 1_000), speed: 0.001,
            period: Nanoseconds(1_800_000_000_000_000_000), warmUp: .zero, window: .seconds(1))
        #expect(schedule.due(.seconds(1e9), pass: 1_000) > schedule.windowEnd)
    }

    @Test func onlyWhatIsDueInTheWindowIsMeasured() {
        let schedule = Self.schedule(speed: 1)
        #expect(!schedule.isMeasured(MonotonicTime(nanoseconds: 1_000 + 999_999_999)))
        #expect(schedule.isMeasured(schedule.windowStart))
        #expect(!schedule.isMeasured(schedule.windowEnd))
    }
}
