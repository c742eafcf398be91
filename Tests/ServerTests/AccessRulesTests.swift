import Broker
import Layout
import MQTT
import Server
import Testing

/// Who may do what, by the first rule that is about it.
@Suite struct AccessRulesTests {
    static func allows(
        _ rules: String, _ action: AuthorityAction, _ topic: String, as client: String = "c1",
        user: String? = nil
    ) throws -> Bool {
        let rules = try AccessRules(parsing: rules, file: "rules")
        let peer = try #require(PeerAddress(bytes: [127, 0, 0, 1], port: 1))
        let identity = ClientIdentity(clientID: client, username: user, peer: peer)
        let bytes = Array(topic.utf8)
        return rules.allows(action, bytes.span.bytes, for: identity)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let rules: String, action: AuthorityAction, topic: String
        let client: String, user: String?, expected: Bool
        var testDescription: String { "\(action) \(topic) as \(client)/\(user ?? "-"): \(rules)" }

        init(
            _ rules: String, _ action: AuthorityAction, _ topic: String, as client: String = "c1",
            user: String? = nil, is expected: Bool
        ) {
            (self.rules, self.action, self.topic) = (rules, action, topic)
            (self.client, self.user, self.expected) = (client, user, expected)
        }
    }

    static let cases: [Case] = [
        Case("", .publish, "a", is: false),
        Case("# nothing\n\n", .subscribe, "a", is: false),
        Case("allow all publish a/+", .publish, "a/b", is: true),
        Case("allow all publish a/+", .publish, "a/b/c", is: false),
        Case("allow all publish a/+", .subscribe, "a/b", is: false),
        Case("allow all all a/#", .subscribe, "a", is: true),
        Case("allow all all #", .publish, "$SYS/x", is: false),
        Case("allow all all $SYS/#", .subscribe, "$SYS/#", is: true),
        // The first one decides.
        Case("deny all all a\nallow all all #", .publish, "a", is: false),
        Case("allow all all #\ndeny all all a", .publish, "a", is: true),
        // Rules of a user stand where they are among those for everybody.
        Case("allow user u all x\ndeny all all #", .publish, "x", user: "u", is: true),
        Case("deny all all x\nallow user u all #", .publish, "x", user: "u", is: false),
        Case("allow user u all x", .publish, "x", user: "v", is: false),
        Case("allow user u all x", .publish, "x", is: false),
        Case("allow client c1 all x", .publish, "x", is: true),
        Case("allow client c2 all x", .publish, "x", is: false),
        // Placeholders.
        Case("allow all publish s/%c/#", .publish, "s/c1/t", is: true),
        Case("allow all publish s/%c/#", .publish, "s/c2/t", is: false),
        Case("allow all publish s/dev-%u", .publish, "s/dev-u", user: "u", is: true),
        Case("allow all publish s/dev-%u", .publish, "s/dev-", is: false),
        Case("allow all subscribe s/%c", .subscribe, "s/+", as: "+", is: false),
        Case("allow all subscribe s/%c", .subscribe, "s/a/b", as: "a/b", is: false),
        Case("allow all subscribe %c/#", .subscribe, "$SYS/#", as: "$SYS", is: false),
        // A filter is allowed if all of it is, and denied if some of it is.
        Case("allow all subscribe a/+", .subscribe, "a/+", is: true),
        Case("allow all subscribe a/+", .subscribe, "a/#", is: false),
        Case("allow all subscribe a/#", .subscribe, "a/+/b", is: true),
        Case("allow all subscribe a/b", .subscribe, "a/+", is: false),
        Case("deny all subscribe secret/x\nallow all subscribe #", .subscribe, "#", is: false),
        Case("deny all subscribe secret/x\nallow all subscribe #", .subscribe, "+/+", is: false),
        Case("deny all subscribe secret/x\nallow all subscribe #", .subscribe, "+", is: true),
        Case("deny all subscribe secret/#\nallow all subscribe #", .subscribe, "secret", is: false),
        Case("deny all subscribe $SYS/#\nallow all subscribe #", .subscribe, "#", is: true),
        Case("deny all subscribe a/%c\nallow all subscribe #", .subscribe, "a/+", is: false),
        Case("deny all subscribe a\nallow all subscribe #", .subscribe, "a/#", is: false),
        Case("allow all subscribe a/#", .subscribe, "$share/g/a/b", is: true),
        Case("deny all subscribe a\nallow all subscribe #", .subscribe, "$share/g/a", is: false),
        // Blanks belong to topics.
        Case("allow  all\tpublish  a b/c ", .publish, "a b/c", is: true),
    ]

    /// Checklist 4. Fails if order, default, placeholders or the two ways of filters are lost.
    @Test(arguments: cases) func theFirstRuleDecides(_ given: Case) throws {
        let answer = try Self.allows(
            given.rules, given.action, given.topic, as: given.client, user: given.user)
        #expect(answer == given.expected)
    }

    /// All filters of up to three levels against all topics: what is allowed is allowed for every topic of the filter,
    /// and what is denied touches one.
    @Test func filtersAreJudgedByTheirTopics() throws {
        let topics = Self.paths(["a", "b", "$c"], 3)
        let filters = Self.paths(["a", "$c", "+", "#"], 3).filter { (try? TopicFilter($0)) != nil }
        // One more level than any filter has: `#` goes on.
        let world = topics + topics.map { $0 + "/z" } + topics.map { $0 + "/z/z" }
        // One bit for each topic of the world, of which there are 117.
        let matched = try filters.map { filter in
            let filter = try TopicFilter(filter)
            return world.indices.reduce(UInt128(0)) {
                Self.matches(filter, world[$1]) ? $0 | 1 << UInt128($1) : $0
            }
        }
        for (pattern, mine) in zip(filters, matched) {
            let allowing = try AccessRules(parsing: "allow all subscribe \(pattern)", file: "rules")
            let denying = try AccessRules(
                parsing:
                    "deny all subscribe \(pattern)\nallow all subscribe #\nallow all subscribe $c/#",
                file: "rules")
            for (filter, theirs) in zip(filters, matched) {
                let isAllowed = Self.asks(allowing, filter)
                #expect(isAllowed == (theirs & ~mine == 0), "allow \(pattern), \(filter)")
                let isDenied = !Self.asks(denying, filter)
                #expect(isDenied == (theirs & mine != 0), "deny \(pattern), \(filter)")
            }
        }
    }

    @Test(arguments: [
        ("permit all all #", "allow or deny"), ("allow bob all #", "user NAME"),
        ("allow all read #", "publish, subscribe or all"), ("allow all all", "filter is missing"),
        ("allow all all a#", "no topic filter"), ("allow all all $share/g/a", "leave out"),
    ]) func aLineThatIsNoRuleIsNamed(_ line: String, _ said: String) throws {
        let error = try #require(throws: ServerError.self) {
            try AccessRules(parsing: "# one\n\(line)\n", file: "rules")
        }
        #expect(
            error.description.hasPrefix("rules:2: ") && error.description.contains(said), "\(error)"
        )
    }

    private static func asks(_ rules: AccessRules, _ filter: String) -> Bool {
        guard let peer = PeerAddress(bytes: [127, 0, 0, 1], port: 1) else { return false }
        let bytes = Array(filter.utf8)
        return rules.allows(
            .subscribe, bytes.span.bytes,
            for: ClientIdentity(clientID: "c", username: nil, peer: peer))
    }

    private static func matches(_ filter: TopicFilter, _ topic: String) -> Bool {
        let bytes = Array(topic.utf8)
        return filter.matches(bytes.span.bytes)
    }

    private static func paths(_ names: [String], _ depth: Int) -> [String] {
        guard depth > 1 else { return names }
        let shorter = paths(names, depth - 1)
        let longest = shorter.filter { $0.split(separator: "/").count == depth - 1 }
        return shorter + longest.flatMap { path in names.map { path + "/" + $0 } }
    }
}
