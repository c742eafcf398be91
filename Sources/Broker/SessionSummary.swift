internal import MQTT

/// A session as an operator sees it.
package struct SessionSummary: Sendable, Equatable {
    package var clientID: String
    package var isConnected: Bool
    package var isDurable: Bool
    /// Of the protocol: 3, 4 or 5.
    package var version: Int
    /// Seconds; `UInt32.max` means it never expires.
    package var expiryInterval: Int
    /// Wall clock, milliseconds.
    package var created: Int
    package var subscriptions: Int
    /// Deliveries that wait for the window.
    package var waiting: Int
    /// Deliveries that were sent and are not acknowledged.
    package var inflight: Int
    /// QoS 2 messages that it sent and has not released.
    package var awaitingRelease: Int
}

/// One subscription of a session.
package struct SubscriptionSummary: Sendable, Equatable {
    package var filter: String
    package var qos: Int
    package var isDurable: Bool
}

/// What all sessions have together.
package struct SessionTotals: Sendable, Equatable {
    package var sessions = 0
    package var connected = 0
    package var durable = 0
    package var subscriptions = 0
    package var durableSubscriptions = 0
    package var waiting = 0
    package var inflight = 0
    /// Retained messages.
    package var retained = 0
}

extension SessionLayer {
    /// Looks at every session once: for an operator, not for every message.
    package func totals() -> SessionTotals {
        var totals = SessionTotals(retained: retained.count)
        sessions.forEach { session in
            totals.sessions += 1
            if session.connection != nil { totals.connected += 1 }
            totals.subscriptions += session.subscriptions.count
            if session.durable {
                totals.durable += 1
                for (_, subscription) in session.subscriptions where subscription.isDurable {
                    totals.durableSubscriptions += 1
                }
            }
            totals.waiting += session.waiting
            totals.inflight += session.inflight.slots.count
        }
        return totals
    }

    /// Sessions in no order that means anything; the same from call to call while none begins or ends.
    /// - Parameters:
    ///   - place: 0, or `next` of the call before.
    ///   - limit: how many at most.
    /// - Returns: `next` is nil at the end.
    package func summaries(from place: Int, limit: Int) -> (page: [SessionSummary], next: Int?) {
        var page: [SessionSummary] = []
        let next = sessions.forEach(from: place, limit: limit) { page.append(summary(of: $0)) }
        return (page, next)
    }

    /// - Returns: nil if there is no such session.
    package func summary(
        of clientID: String
    ) -> (session: SessionSummary, subscriptions: [SubscriptionSummary])? {
        guard let session = sessions[client: clientID] else { return nil }
        let subscriptions = session.subscriptions.map { filter, subscription in
            SubscriptionSummary(
                filter: filter, qos: Int(subscription.qos.rawValue),
                isDurable: subscription.isDurable)
        }
        return (summary(of: session), subscriptions.sorted { $0.filter < $1.filter })
    }

    private func summary(of session: Session) -> SessionSummary {
        SessionSummary(
            clientID: session.clientID, isConnected: session.connection != nil,
            isDurable: session.durable, version: Int(session.version.rawValue),
            expiryInterval: Int(session.expiryInterval), created: session.created,
            subscriptions: session.subscriptions.count, waiting: session.waiting,
            inflight: session.inflight.slots.count, awaitingRelease: session.inbound.count)
    }
}
