import Measure
import Replay
import Testing

@Suite struct BoundTests {
    private static func figures(_ change: (inout BoundFigures) -> Void) -> BoundFigures {
        var figures = BoundFigures()
        (figures.sessions, figures.writer, figures.stalled, figures.fullWindows) = (0.1, 0.1, 0, 0)
        change(&figures)
        return figures
    }

    /// Each of the four is found by what shows it, and its evidence comes first.
    @Test(arguments: [
        (BoundTests.figures { $0.lag = .milliseconds(40) }, Bound.generator, true, "generator"),
        (BoundTests.figures { $0.sessions = 0.95 }, .session, true, "sessions"),
        (BoundTests.figures { $0.writer = 0.95 }, .disk, true, "disk"),
        (BoundTests.figures { $0.stalled = 0.5 }, .disk, true, "disk"),
        (BoundTests.figures { $0.queueGrew = true }, .disk, true, "disk"),
        (BoundTests.figures { $0.fullWindows = 0.8 }, .subscriber, true, "subscribers"),
        // Nothing at its limit: the one with least room is named.
        (BoundTests.figures { $0.writer = 0.4 }, .disk, false, "disk"),
        (BoundTests.figures { $0.sessions = 0.4 }, .session, false, "sessions"),
    ])
    func theBoundIsTheOneThatShows(
        _ figures: BoundFigures, _ bound: Bound, _ isReached: Bool, _ first: String
    ) {
        let finding = BoundFinding(figures)
        #expect(finding.bound == bound)
        #expect(finding.isReached == isReached)
        #expect(finding.evidence.first?.hasPrefix(first) == true, "\(finding.evidence)")
        #expect(finding.evidence.count == Bound.allCases.count)
    }

    /// What was measured by an instrument that was late says nothing of the disk.
    @Test func aLateGeneratorExplainsTheRestAway() {
        let finding = BoundFinding(
            Self.figures {
                $0.lag = .milliseconds(6)
                $0.writer = 0.99
                $0.queueGrew = true
            })
        #expect(finding.bound == .generator)
    }

    /// They share a thread: late because of the sessions is not late by itself.
    @Test func sessionsThatFillTheThreadAreTheBound() {
        let finding = BoundFinding(
            Self.figures {
                $0.lag = .milliseconds(60)
                $0.sessions = 0.7
            })
        #expect(finding.bound == .session)
        #expect(finding.isReached)
    }

    @Test func whatCannotBeSeenIsSaid() {
        let finding = BoundFinding(BoundFigures())
        #expect(finding.evidence.count { $0.contains("not seen from here") } == 3)
    }
}
