internal import MQTT
package import Measure
package import Traffic

/// A timeline that begins again when it is over, until its time is up.
///
/// The next pass begins one mean gap after the last step of the one before, so that the seam is neither a
/// pause nor a burst. Whoever is connected at the seam hangs up there, and connects again when its first
/// CONNECT of the pass is due: a return, and not a takeover.
package final class LoopedTimeline: Timeline {
    private let make: () throws(CaptureError) -> any Timeline
    /// Nothing is due at this time or later.
    private let duration: Nanoseconds
    /// nil before the first step.
    private var pass: (any Timeline)?
    /// The next pass, which is being read already, so that the seam is no pause.
    private var upcoming: (any Timeline)?
    /// Where the pass begins.
    private var start = Nanoseconds.zero
    private var last = Nanoseconds.zero
    private var steps = 0
    /// Clients of the pass before.
    private var everyone: [TimelineClient] = []
    private var isConnected: [Bool] = []
    private var isOver = false
    private var remaining: [Int]?
    /// Passes that were completed.
    package private(set) var passes = 0

    /// - Parameters:
    ///   - duration: of all passes together, in recorded time.
    ///   - make: makes the timeline of one pass; each time the same.
    package init(
        for duration: Nanoseconds = .century,
        _ make: @escaping () throws(CaptureError) -> any Timeline
    ) {
        self.duration = duration
        self.make = make
    }

    /// Numbers are the same in each pass, and who has not appeared yet in this one has its number already.
    package var clients: [TimelineClient] {
        guard let pass else { return [] }
        return pass.clients.count < everyone.count ? everyone : pass.clients
    }

    package func next() throws(CaptureError) -> TimelineStep? {
        while !isOver {
            let current = try currentPass()
            if upcoming == nil { upcoming = try make() }
            if var step = try current.next() {
                step.offset = start + step.offset
                guard step.offset < duration else { break }
                note(step)
                return step
            }
            // A recording of nothing, or of one moment, has no second pass.
            guard steps > 1, last > start, let next = upcoming else { break }
            passes += 1
            start = start + Schedule.period(last: last - start, events: steps)
            everyone = current.clients
            pass = next
            upcoming = nil
            steps = 0
        }
        isOver = true
        return closeNext()
    }

    package func withPacket(_ body: (RawSpan) -> Void) {
        if let pass, !isOver { pass.withPacket(body) } else { body(RawSpan()) }
    }

    package func answerDelays(of client: Int) -> [Nanoseconds?] {
        pass?.answerDelays(of: client) ?? []
    }

    private func currentPass() throws(CaptureError) -> any Timeline {
        if let pass { return pass }
        let first = try make()
        pass = first
        return first
    }

    private func note(_ step: TimelineStep) {
        while isConnected.count <= step.client { isConnected.append(false) }
        switch step.kind {
        case .opened: isConnected[step.client] = true
        case .closed: isConnected[step.client] = false
        case .packet: break
        }
        last = step.offset
        steps += 1
    }

    /// The time is up: who is still connected hangs up.
    private func closeNext() -> TimelineStep? {
        if remaining == nil {
            remaining = isConnected.indices.filter { isConnected[$0] }.reversed()
        }
        return remaining?.popLast().map {
            TimelineStep(offset: duration, client: $0, kind: .closed(.endOfCapture))
        }
    }
}

extension Nanoseconds {
    /// For what does not end: far away, and sums with it stay in range.
    package static let century = Nanoseconds.seconds(3.15e9)
}
