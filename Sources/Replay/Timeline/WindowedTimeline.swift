internal import MQTT
package import Measure
package import Traffic

/// A part of a timeline, from one moment to another, as a timeline of its own.
///
/// Who is connected when the part begins connects, with its last CONNECT, and subscribes to what it was
/// subscribed to; who has a session and is away does the same and leaves. They do it one by one in a lead-in
/// before the part, so that it does not begin with a storm that was not recorded. Who is connected at its end
/// is closed there.
package final class WindowedTimeline: Timeline {
    private let base: any Timeline
    private let window: Range<Nanoseconds>
    /// Time that connecting takes before the part begins.
    package private(set) var leadIn = Nanoseconds.zero
    private var sessions: [SessionMemory] = []
    private var aliases = AliasRepair()
    private var entering = StepQueue()
    /// The first step of the part.
    private var first: TimelineStep?
    private var isOver = false
    /// Clients that may have to be closed at the end, the last first.
    private var remaining: [Int]?
    private var source = Source.base
    private var made: [UInt8] = []

    /// Where the packet of the last step is.
    private enum Source { case base, made, repaired }

    /// Clients that connect in a second of the lead-in.
    package static let entering = 1_000

    /// Reads up to the beginning of the part.
    /// - Throws: what is wrong with the recording before it.
    package init(
        _ base: any Timeline, from start: Nanoseconds, to end: Nanoseconds
    ) throws(CaptureError) {
        precondition(start < end)
        self.base = base
        window = start..<end
        while let step = try base.next() {
            guard step.offset < start else {
                first = step
                break
            }
            note(step)
            if case .packet(.publish, _, _) = step.kind {
                let version = sessions[step.client].version
                base.withPacket { aliases.leaveOut($0, of: step.client, version: version) }
            }
        }
        enter()
    }

    package var clients: [TimelineClient] { base.clients }

    package func next() throws(CaptureError) -> TimelineStep? {
        if let step = entering.next(&made) {
            source = .made
            return step
        }
        if !isOver, let step = try upcoming(), step.offset < window.upperBound {
            return played(step)
        }
        isOver = true
        source = .made
        made = []
        return closeNext()
    }

    package func withPacket(_ body: (RawSpan) -> Void) {
        switch source {
        case .base: base.withPacket(body)
        case .made: made.withPacket(body)
        case .repaired: aliases.made.withPacket(body)
        }
    }

    package func answerDelays(of client: Int) -> [Nanoseconds?] {
        base.answerDelays(of: client)
    }

    private func upcoming() throws(CaptureError) -> TimelineStep? {
        if let step = first.take() { return step }
        return try base.next()
    }

    private func note(_ step: TimelineStep) {
        while sessions.count <= step.client { sessions.append(SessionMemory()) }
        if case .opened = step.kind { aliases.forget(step.client) }
        base.withPacket { sessions[step.client].note(step, $0) }
    }

    private func enter() {
        var count: Int64 = 0
        for client in sessions.indices {
            let session = sessions[client]
            let isWaiting = session.isWaiting(at: window.lowerBound)
            guard session.isConnected || isWaiting else { continue }
            let offset = Nanoseconds(count * 1_000_000_000 / Int64(Self.entering))
            session.enter(
                client, at: offset, subscribes: true, leaves: !session.isConnected, &entering)
            aliases.isReconnected(client)
            count += 1
        }
        leadIn = Nanoseconds(count * 1_000_000_000 / Int64(Self.entering))
    }

    private func played(_ step: TimelineStep) -> TimelineStep {
        note(step)
        source = .base
        var played = step
        played.offset = leadIn + (step.offset - window.lowerBound)
        let version = sessions[step.client].version
        if let kind = aliases.repaired(step, of: base, version: version) {
            played.kind = kind
            source = .repaired
        }
        return played
    }

    private func closeNext() -> TimelineStep? {
        if remaining == nil {
            remaining = sessions.indices.filter { sessions[$0].isConnected }.reversed()
        }
        return remaining?.popLast().map {
            TimelineStep(
                offset: leadIn + (window.upperBound - window.lowerBound), client: $0,
                kind: .closed(.endOfCapture))
        }
    }
}
