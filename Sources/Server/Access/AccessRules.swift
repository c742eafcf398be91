package import Broker
internal import Foundation

/// What publishers and subscribers may do: the first rule that is about a client, an action and a topic
/// decides, and what no rule is about is denied.
///
/// Asked for every PUBLISH: the rules of one user and those for everybody are kept apart, each in the order of
/// the file, so that many users do not make it slow, and nothing is allocated.
package final class AccessRules: Authority, Sendable {
    private typealias Numbered = (place: Int, rule: AccessRule)

    private let forEverybody: [Numbered]
    private let forUser: [String: [Numbered]]
    /// Whether a rule names a user, or asks for the user's name.
    package let namesUsers: Bool

    /// Largest file read, in bytes.
    private static let largest = 4 << 20
    private static let share = Array("$share/".utf8)

    /// - Throws: when the file cannot be read, or the first line that is no rule, with its number.
    package convenience init(reading path: String) throws(ServerError) {
        try self.init(
            parsing: try readText(
                path, upTo: Self.largest,
                remedy: "write it, with lines as `allow all publish sensors/%c/#`"), file: path)
    }

    /// - Parameter file: as it shall stand in errors.
    package init(parsing text: String, file: String) throws(ServerError) {
        var everybody: [Numbered] = []
        var users: [String: [Numbered]] = [:]
        for (index, line) in text.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        )
        .enumerated() {
            let content = line.drop { $0.isWhitespace }
            guard !content.isEmpty, content.first != "#" else { continue }
            let rule: AccessRule
            do throws(ServerError) { rule = try AccessRule(content) } catch {
                throw ServerError("\(file):\(index + 1): \(error.description)")
            }
            if case .user(let name) = rule.who {
                users[name, default: []].append((index, rule))
            } else {
                everybody.append((index, rule))
            }
        }
        forEverybody = everybody
        forUser = users
        namesUsers = !users.isEmpty
    }

    package func allows(
        _ action: AuthorityAction, _ topic: RawSpan, for client: ClientIdentity
    ) -> Bool {
        let start = action == .subscribe ? Self.filterStart(topic) : 0
        let topic = topic.extracting(start...)
        let own = client.username.flatMap { forUser[$0] } ?? []
        var mine = 0, common = 0
        while mine < own.count || common < forEverybody.count {
            let isMine =
                common == forEverybody.count
                || (mine < own.count && own[mine].place < forEverybody[common].place)
            let rule = isMine ? own[mine].rule : forEverybody[common].rule
            if rule.concerns(action, topic, for: client) { return rule.allows }
            if isMine { mine += 1 } else { common += 1 }
        }
        return false
    }

    /// Behind `$share/<group>/`: a shared subscription may have what its filter may have.
    private static func filterStart(_ filter: RawSpan) -> Int {
        guard filter.byteCount > share.count, filter.equals(0..<share.count, share) else {
            return 0
        }
        return min(filter.levelEnd(share.count) + 1, filter.byteCount)
    }
}
