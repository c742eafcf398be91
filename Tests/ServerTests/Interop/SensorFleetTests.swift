import Broker
import Server
import TestSupport
import Testing

/// Troubles of a fleet of sensors that show at its clients, each reproduced and cured with paho-mqtt.
@Suite(
    .enabled(if: RealClient.hasPython, "paho-mqtt is not there; `make test` installs it"))
struct SensorFleetTests {
    private func step(
        _ name: String, _ broker: RunningBroker, at location: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await RealClient.run(
            "symptoms", name, "\(broker.port)", in: broker.scratch.path)
        #expect(
            outcome.code == 0, "\(name): \(outcome.output)\(outcome.errors)",
            sourceLocation: location)
    }

    /// QoS 1 alone does not survive a restart: the session has to be durable.
    @Test(arguments: [false, true])
    func messagesAreLostInARestartUnlessSessionsAreDurable(_ isDurable: Bool) async throws {
        let scratch = ScratchDirectory()
        // What `durable_sessions.enable = false` becomes.
        let limit: UInt32 = isDurable ? .max : 0
        do {
            // It holds its databases for as long as it is there.
            let before = try await RunningBroker(in: scratch) { $0.sessions.largestExpiry = limit }
            try await step("subscribe_and_leave", before)
            try await step("publish_for_the_absent", before)
            await before.server.stop()
        }
        let after = try await RunningBroker(in: scratch) { $0.sessions.largestExpiry = limit }
        try await step(isDurable ? "expect_everything" : "expect_loss", after)
        await after.server.stop()
    }

    /// At least once is what QoS 1 says; the event's id is what a consumer tells repetitions by.
    @Test func anAlertThatComesTwiceIsToldByItsEvent() async throws {
        let broker = try await RunningBroker()
        try await step("see_duplicates", broker)
        await broker.server.stop()
    }

    /// Without a retained will the last reading of a dead sensor looks alive to who comes later.
    @Test func aDashboardShowsADeadSensorAsLiveUnlessItsWillIsRetained() async throws {
        let broker = try await RunningBroker()
        try await step("see_a_stale_dashboard_and_its_cure", broker)
        await broker.server.stop()
    }
}
