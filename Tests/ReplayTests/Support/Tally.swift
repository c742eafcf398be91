import MQTT
import Measure
import Replay
import Traffic

/// What a timeline asks of its clients, counted in one pass.
struct Tally {
    private(set) var steps: [TimelineStep] = []
    private(set) var packets: [PacketType: Int] = [:]
    private(set) var publishes = [0, 0, 0]
    private(set) var opened = 0
    private(set) var closed: [Ending: Int] = [:]
    private(set) var stillOpen: Set<Int> = []
    private(set) var isOrdered = true
    /// Steps that no client can do: a packet without a connection, a connection that is open already, a packet
    /// before CONNECT.
    private(set) var impossible: [TimelineStep] = []

    init(_ timeline: any Timeline) throws {
        var connected: Set<Int> = []
        var last = Nanoseconds.zero
        while let step = try timeline.next() {
            if step.offset < last { isOrdered = false }
            last = step.offset
            steps.append(step)
            switch step.kind {
            case .opened:
                opened += 1
                stillOpen.insert(step.client)
                connected.remove(step.client)
            case .packet(let type, let qos, _):
                packets[type, default: 0] += 1
                if type == .publish { publishes[Int(qos.rawValue)] += 1 }
                if type == .connect { connected.insert(step.client) }
                if !stillOpen.contains(step.client) || !connected.contains(step.client) {
                    impossible.append(step)
                }
            case .closed(let ending):
                closed[ending, default: 0] += 1
                if stillOpen.remove(step.client) == nil { impossible.append(step) }
                connected.remove(step.client)
            }
        }
    }
}
