internal import Measure

/// A topic, who asked for it and what it had.
final class AuditedTopic {
    let number: Int
    let name: [UInt8]
    /// Whether its messages are judged now; of the others there is only who asked for them.
    let isJudged: Bool
    var claims: [AuditedClient.Claim] = []
    /// By client.
    var lanes: [Int: Lane] = [:]
    /// By share name and filter.
    var groups: [String: Lane] = [:]
    /// By ordinal, the index of each message.
    var messages: [UInt32] = []
    /// Messages that are to be retained, or with nothing in them to end that, in the order of sending.
    var retained: [Int] = []
    /// Clients that subscribed and are to be sent what is retained: when they did, and who has had nothing yet.
    var subscribed: [Int: MonotonicTime] = [:]
    var due: Set<Int> = []

    init(_ number: Int, _ name: [UInt8], isJudged: Bool) {
        (self.number, self.name, self.isJudged) = (number, name, isJudged)
    }

    func lane(of client: AuditedClient) -> Lane {
        if let lane = lanes[client.number] { return lane }
        let lane = Lane(of: client.number, on: number, from: max(0, messages.count - 1))
        lanes[client.number] = lane
        client.lanes.append(lane)
        return lane
    }

    func lane(ofGroup group: String) -> Lane {
        if let lane = groups[group] { return lane }
        let lane = Lane(of: -1, on: number, from: max(0, messages.count - 1))
        groups[group] = lane
        return lane
    }

    var text: String { String(decoding: name, as: UTF8.self) }
}
