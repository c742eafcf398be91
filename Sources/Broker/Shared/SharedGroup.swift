internal import MQTT
internal import Measure
internal import Storage

/// The sessions that share the messages of one shared subscription [MQTT-4.8.2]: each message goes to one of them.
///
/// With durable members the group itself reads storage, as one subscriber would, and hands what it reads to
/// members that are connected; the place where it reads on is the group's. EMQX 5.8 has a leader that leases
/// streams to agents of the sessions; on one node the leader can hand out messages, and a member that is away holds
/// nothing but what it was sent. A group that has had a durable member reads from storage as long as it exists.
/// Without one, messages are handed out as they come.
final class SharedGroup {
    struct Member {
        let session: Int
        let qos: QoS
        let retainAsPublished: Bool
        /// 0 if it has none.
        let identifier: UInt32
    }

    /// Never used again for another group.
    let number: Int
    /// With `$share/` and the name.
    let filter: TopicFilter
    private(set) var members: [Member] = []
    /// Who is asked first for the next message.
    private var turn = 0
    /// Nil without durable members.
    var reading: Reading?
    /// Deliveries that nobody has room for; taken from `head` on.
    private(set) var queue: [Delivery] = []
    private var head = 0
    /// What its rows do not say yet.
    var dirty = DirtyState()
    /// Not before.
    var nextCommit = MonotonicTime(nanoseconds: 0)

    init(number: Int, filter: TopicFilter) {
        self.number = number
        self.filter = filter
    }

    /// The name that its state is kept under. No client id contains U+0000 [MQTT-1.5.4-2].
    var client: String { "\0" + filter.text }
    /// Who asks storage: below all numbers of sessions.
    var reader: Int { -1 - number }

    var waiting: Int { queue.count - head }

    /// In the place of what it was before, if it is a member.
    func join(_ member: Member) {
        if let place = members.firstIndex(where: { $0.session == member.session }) {
            members[place] = member
        } else {
            members.append(member)
        }
    }

    func leave(_ session: Int) {
        guard let place = members.firstIndex(where: { $0.session == session }) else { return }
        members.remove(at: place)
        if turn > place { turn -= 1 }
    }

    /// The next member in turn that `canTake`.
    func next(where canTake: (Member) -> Bool) -> Member? {
        for step in members.indices {
            let place = (turn + step) % members.count
            guard canTake(members[place]) else { continue }
            turn = (place + 1) % members.count
            return members[place]
        }
        return nil
    }

    func enqueue(_ delivery: Delivery) { queue.append(delivery) }

    /// Before everything that waits: it has waited before.
    func putBack(_ deliveries: [Delivery]) {
        queue.replaceSubrange(0..<head, with: deliveries)
        head = 0
    }

    func dequeue() -> Delivery? {
        guard head < queue.count else { return nil }
        defer {
            head += 1
            if head == queue.count || head >= 1_024 {
                queue.removeFirst(head)
                head = 0
            }
        }
        return queue[head]
    }
}

/// The groups, by number and by the text of their subscription.
struct SharedGroups {
    private var byNumber: [Int: SharedGroup] = [:]
    private var byText: [String: SharedGroup] = [:]
    private var last = 0

    var all: Dictionary<Int, SharedGroup>.Values { byNumber.values }
    var isEmpty: Bool { byNumber.isEmpty }

    subscript(number: Int) -> SharedGroup? { byNumber[number] }
    subscript(text: String) -> SharedGroup? { byText[text] }

    /// Who asked storage under this number.
    subscript(reader reader: Int) -> SharedGroup? { byNumber[-1 - reader] }

    mutating func new(_ filter: TopicFilter) -> SharedGroup {
        last += 1
        let group = SharedGroup(number: last, filter: filter)
        byNumber[last] = group
        byText[filter.text] = group
        return group
    }

    mutating func remove(_ group: SharedGroup) {
        byNumber[group.number] = nil
        byText[group.filter.text] = nil
    }
}
