import Broker
import MQTT
import Testing

/// The sender's half of QoS 1 and 2, tried exhaustively.
@Suite struct OutboundTests {
    private typealias Step = (reply: Outbound.Reply, action: Outbound.Action)

    /// Every sequence of five replies from `start`, with what it made the sender do.
    private func histories(from start: Outbound) -> [[Step]] {
        var histories: [(state: Outbound, steps: [Step])] = [(start, [])]
        for _ in 0..<5 {
            histories = histories.flatMap { history in
                Outbound.Reply.allCases.map { reply in
                    var state = history.state
                    let action = state.received(reply)
                    return (state, history.steps + [(reply, action)])
                }
            }
        }
        return histories.map(\.steps)
    }

    @Test(arguments: Outbound.allCases) func everySequenceWasTried(_ start: Outbound) {
        #expect(histories(from: start).count == 1_024)
    }

    /// [MQTT-4.3.3-4]
    @Test(arguments: Outbound.allCases) func pubrelIsSentOnlyForPubrec(_ start: Outbound) {
        for history in histories(from: start) {
            for step in history where step.action == .sendPubrel {
                #expect(step.reply == .pubrec, "\(start), \(history)")
            }
        }
    }

    /// A packet identifier is free once, and nothing is sent for it afterwards.
    @Test(arguments: Outbound.allCases) func aDeliveryIsReleasedOnceAndThenOver(_ start: Outbound) {
        for history in histories(from: start) {
            guard let end = history.firstIndex(where: { $0.action == .release }) else { continue }
            #expect(history[(end + 1)...].allSatisfy { $0.action == .reportMismatch }, "\(history)")
        }
    }

    /// A QoS 2 message is given up only for PUBCOMP after PUBREC, or for a refusal; QoS 1 only for PUBACK.
    @Test(arguments: [Outbound.awaitingPuback, .awaitingPubrec])
    func aDeliveryEndsExactlyWithItsLastReply(_ start: Outbound) {
        for history in histories(from: start) {
            let replies = history.map(\.reply)
            let end: Int?
            if start == .awaitingPuback {
                end = replies.firstIndex(of: .puback)
            } else {
                let refused = replies.firstIndex(of: .pubrecRefused)
                let recorded = replies.firstIndex(of: .pubrec)
                if let refused, refused < recorded ?? .max {
                    end = refused
                } else {
                    end = recorded.flatMap { replies[$0...].firstIndex(of: .pubcomp) }
                }
            }
            #expect(history.firstIndex { $0.action == .release } == end, "\(start), \(replies)")
        }
    }

    /// Resuming repeats the message until PUBREC has come, and never after.
    @Test func theMessageIsOwedUntilItIsReceived() {
        var state = Outbound.awaitingPubrec
        #expect(state.isMessageStillOwed)
        _ = state.received(.pubrec)
        #expect(!state.isMessageStillOwed)
        #expect(state.received(.pubrec) == .sendPubrel, "the first PUBREL may be lost")
        #expect(state.received(.pubcomp) == .release)
        #expect(!state.isMessageStillOwed)
    }
}

/// The receiver's half of QoS 2.
@Suite struct InboundTests {
    @Test func aRepeatedMessageIsAcceptedOnceUntilItIsReleased() throws {
        var inbound = Inbound(limit: 3)
        let id = try #require(PacketID(7))
        #expect(inbound.published(id, over: 1) == .accept)
        #expect(inbound.published(id, over: 1) == .repeated)
        #expect(inbound.released(id) == true)
        #expect(inbound.released(id) == false)
        #expect(inbound.published(id, over: 1) == .accept, "a released identifier is free")
    }

    @Test func theLimitHoldsAndARepetitionIsNeverOverIt() throws {
        var inbound = Inbound(limit: 2)
        let ids = (1...3).compactMap { PacketID(UInt16($0)) }
        #expect(inbound.published(ids[0], over: 1) == .accept)
        #expect(inbound.published(ids[1], over: 1) == .accept)
        #expect(inbound.published(ids[2], over: 1) == .overLimit)
        #expect(inbound.published(ids[1], over: 1) == .repeated)
        #expect(inbound.count == 2)
        _ = inbound.released(ids[0])
        #expect(inbound.published(ids[2], over: 1) == .accept)
    }
}
