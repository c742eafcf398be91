internal import MQTT

/// Asking the authority, if there is one.
extension SessionLayer {
    /// - Parameter topic: a topic name, or a filter as the client sent it.
    func isAllowed(_ action: AuthorityAction, _ topic: RawSpan, _ connection: Connection) -> Bool {
        guard let authority else { return true }
        guard let identity = connection.identity else { return false }
        return authority.allows(action, topic, for: identity)
    }

    func isAllowed(_ action: AuthorityAction, _ topic: String, _ connection: Connection) -> Bool {
        guard authority != nil else { return true }
        let bytes = Array(topic.utf8)
        return isAllowed(action, bytes.span.bytes, connection)
    }
}
