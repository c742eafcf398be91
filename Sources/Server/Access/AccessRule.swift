internal import Broker
internal import MQTT

/// One line of the rules: who may, or may not, do what with which topics.
struct AccessRule: Sendable {
    enum Who: Sendable, Equatable {
        case all
        case user(String)
        case client(String)
    }

    let allows: Bool
    let who: Who
    /// nil: both.
    let action: AuthorityAction?
    let pattern: TopicPattern

    /// Reads `allow|deny all|user NAME|client ID publish|subscribe|all FILTER`. The filter is the rest of the line,
    /// because topics may hold blanks.
    /// - Throws: what is wrong, and what would be right.
    init(_ line: Substring) throws(ServerError) {
        var rest = line
        func next() -> Substring {
            let word = rest.prefix { !$0.isWhitespace }
            rest = rest.dropFirst(word.count).drop { $0.isWhitespace }
            return word
        }
        switch next() {
        case "allow": allows = true
        case "deny": allows = false
        case let word: throw ServerError("a rule begins with allow or deny, not `\(word)`")
        }
        switch next() {
        case "all": who = .all
        case "user": who = .user(String(next()))
        case "client": who = .client(String(next()))
        case let word:
            throw ServerError("`\(word)` is nobody; write all, user NAME or client ID")
        }
        switch next() {
        case "publish": action = .publish
        case "subscribe": action = .subscribe
        case "all": action = nil
        case let word:
            throw ServerError("`\(word)` is no action; write publish, subscribe or all")
        }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        guard !rest.isEmpty else { throw ServerError("the topic filter is missing") }
        let filter: TopicFilter
        do throws(CodecError) { filter = try TopicFilter(String(rest)) } catch {
            throw ServerError("`\(rest)` is no topic filter: \(error)")
        }
        guard filter.sharedGroup == nil else {
            throw ServerError(
                "leave out `$share/…/`: a rule about a filter counts for its shared subscriptions")
        }
        pattern = TopicPattern(String(rest))
    }

    /// Whether the rule is about this.
    func concerns(
        _ action: AuthorityAction, _ topic: RawSpan, for client: ClientIdentity
    ) -> Bool {
        if let mine = self.action, mine != action { return false }
        if case .client(let id) = who, id != client.clientID { return false }
        switch action {
        case .publish: return pattern.matches(topic, for: client)
        case .subscribe:
            // What a denial names is not to be had through a wider filter either.
            return allows
                ? pattern.covers(topic, for: client) : pattern.overlaps(topic, for: client)
        }
    }
}
