import Measure
import Replay
import Testing

@Suite struct ScheduleTests {
    private static func schedule(speed: Double) -> Schedule {
        Schedule(
            start: MonotonicTime(nanoseconds: 1_000), speed: speed,
            warmUp: .seconds(1), window: .seconds(2))
    }

    @Test func dueTimesAreAbsoluteAndCompressed() {
        let schedule = Self.schedule(speed: 4)
        #expect(schedule.due(.seconds(8)).nanoseconds == 1_000 + 2_000_000_000)
    }

    @Test func joiningTheEndToTheBeginningMakesNeitherPauseNorBurst() {
        // Eleven events, one a second: the next pass begins one second after the last.
        #expect(Schedule.period(last: .seconds(10), events: 11) == .seconds(11))
        #expect(Schedule.period(last: .zero, events: 1) == .seconds(1))
    }

    /// A capture whose clock was set spans decades; its plan is useless and must not trap.
    @Test func decadesDoNotOverflow() {
        let schedule = Schedule(
            start: MonotonicTime(nanoseconds: 1_000), speed: 0.001, window: .seconds(1))
        #expect(schedule.due(.seconds(9e9)) > schedule.windowEnd)
    }

    @Test func onlyWhatIsDueInTheWindowIsMeasured() {
        let schedule = Self.schedule(speed: 1)
        #expect(!schedule.isMeasured(MonotonicTime(nanoseconds: 1_000 + 999_999_999)))
        #expect(schedule.isMeasured(schedule.windowStart))
        #expect(!schedule.isMeasured(schedule.windowEnd))
    }

    /// Without a window a replay ends with its timeline, and all of it is measured.
    @Test func aScheduleWithoutWindowIsOpenAtItsEnd() {
        let schedule = Schedule(start: MonotonicTime(nanoseconds: 1_000), speed: 1)
        #expect(schedule.isMeasured(schedule.due(.seconds(1e9))))
        #expect(!Schedule(start: .now(), speed: .infinity).isPaced)
    }
}
