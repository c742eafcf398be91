package import Layout

/// Says what clients may do. Asked once for every PUBLISH and for every filter of a SUBSCRIBE, on the event
/// loop that owns the sessions: it answers at once and allocates nothing.
package protocol Authority: AnyObject {
    /// - Parameter topic: a topic name, or for `.subscribe` the filter as the client sent it.
    func allows(_ action: AuthorityAction, _ topic: RawSpan, for client: ClientIdentity) -> Bool
}

package enum AuthorityAction: Sendable {
    case publish, subscribe
}

/// Whom an authority is asked about.
package struct ClientIdentity: Sendable {
    package var clientID: String
    package var username: String?
    package var peer: PeerAddress

    package init(clientID: String, username: String?, peer: PeerAddress) {
        self.clientID = clientID
        self.username = username
        self.peer = peer
    }
}
