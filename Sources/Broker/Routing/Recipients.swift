internal import MQTT
internal import Storage

/// The sessions that a message goes to at once. Where several subscriptions of a session match, it gets one copy:
/// at the largest QoS [MQTT-3.3.4-2], with all their identifiers [MQTT-3.3.4-4]. One of these serves all messages
/// after each other, so that none is allocated for.
struct Recipients {
    struct Recipient {
        let session: Int
        var qos: QoS
        var retainAsPublished: Bool
        /// The first of its identifiers, and the last; -1 if it has none.
        fileprivate(set) var first = -1
        fileprivate var last = -1

        var hasIdentifier: Bool { first >= 0 }
    }

    private struct Link {
        let identifier: UInt32
        var next = -1
    }

    private(set) var all: [Recipient] = []
    private var links: [Link] = []
    /// Counts the messages.
    private var message = 0

    mutating func begin() {
        message += 1
        all.removeAll(keepingCapacity: true)
        links.removeAll(keepingCapacity: true)
    }

    mutating func add(_ route: LiveRoute, of session: Session) {
        if session.routed.message == message {
            let place = session.routed.place
            all[place].qos = max(all[place].qos, route.qos)
            all[place].retainAsPublished =
                all[place].retainAsPublished || route.retainAsPublished
        } else {
            session.routed = (message, all.count)
            all.append(
                Recipient(
                    session: route.session, qos: route.qos,
                    retainAsPublished: route.retainAsPublished))
        }
        guard route.identifier != 0 else { return }
        let place = session.routed.place
        if all[place].last >= 0 {
            links[all[place].last].next = links.count
        } else {
            all[place].first = links.count
        }
        all[place].last = links.count
        links.append(Link(identifier: route.identifier))
    }

    /// Appends the identifiers of a recipient, as properties of a PUBLISH.
    func writeIdentifiers(of recipient: Recipient, to bytes: inout [UInt8]) {
        var link = recipient.first
        while link >= 0 {
            writeSubscriptionIdentifier(links[link].identifier, to: &bytes)
            link = links[link].next
        }
    }
}

/// A subscription that is served at once.
struct LiveRoute: Hashable {
    let session: Int
    let qos: QoS
    let noLocal: Bool
    let retainAsPublished: Bool
    /// 0 if there is none.
    let identifier: UInt32

    init(_ subscription: Session.Subscription, of session: Session) {
        self.session = session.number
        qos = subscription.qos
        noLocal = subscription.noLocal
        retainAsPublished = subscription.retainAsPublished
        identifier = subscription.identifier
    }
}
