package import Measure
package import Traffic

/// Everything that can be asked of a replay but where it goes: which part, how often, how many devices, under
/// which policy, how fast.
package struct TimelinePlan: Sendable {
    /// A part of the recording; nil is all of it.
    package var window: Range<Nanoseconds>?
    /// Whether it begins again when it is over. Then it ends only with `duration`.
    package var loops = false
    /// Nothing is due later, in recorded time; nil: until everything was done.
    package var duration: Nanoseconds?
    /// So many devices for each one recorded.
    package var fleet = 1
    /// Where topics name their device, counted from 0; nil: found in the topic tree.
    package var deviceLevel: Int?
    /// Clones of a device are late by up to so much, in recorded time.
    package var spread = Nanoseconds.seconds(10)
    package var whatIfs: [WhatIf] = []
    package var speed = Speed.times(1)
    /// What clients ask for in seconds is divided by the speed.
    package var scalesTerms = false
    package var seed: Seed

    package init(seed: Seed) { self.seed = seed }

    /// Puts the timeline together: part, loop, policy, fleet, absences, terms, each around the one before.
    package func make(from recording: Recording) throws(CaptureError) -> PlannedTimeline {
        let window = window
        let pass = { () throws(CaptureError) -> any Timeline in
            guard let window else { return recording.timeline() }
            return try WindowedTimeline(
                recording.timeline(), from: window.lowerBound, to: window.upperBound)
        }
        var timeline: any Timeline
        if loops {
            timeline = LoopedTimeline(for: duration ?? .century, pass)
        } else if let duration {
            timeline = try WindowedTimeline(try pass(), from: .zero, to: duration)
        } else {
            timeline = try pass()
        }
        var planned = PlannedTimeline(timeline)
        for whatIf in whatIfs where !whatIf.comesAfterFleet {
            planned.add(whatIf, recording, seed)
        }
        addFleet(to: &planned, recording)
        for whatIf in whatIfs where whatIf.comesAfterFleet {
            planned.add(whatIf, recording, seed)
        }
        if scalesTerms { addScale(to: &planned) }
        return planned
    }

    /// Why this cannot be done with that recording, and what to do; nil if it can.
    package func refusal(for recording: Recording) -> String? {
        guard recording.hasSteps else {
            return "the recording holds nothing that clients sent: only the broker's direction was "
                + "captured; record both"
        }
        if let window, window.lowerBound >= recording.span {
            return "the part begins \(window.lowerBound.seconds) s into a recording of "
                + "\(recording.span.seconds) s; name an earlier one"
        }
        guard devicesPerDevice > 1, devices(of: recording).clients.isEmpty else { return nil }
        return "no level of the topics names a device, so none can be cloned; say which level does"
    }

    private var devicesPerDevice: Int {
        whatIfs.reduce(fleet) { product, whatIf in
            if case .devices(let factor) = whatIf { product * factor } else { product }
        }
    }

    private func devices(of recording: Recording) -> DeviceLevels {
        deviceLevel.map(recording.devices(at:)) ?? recording.devices
    }

    private func addFleet(to planned: inout PlannedTimeline, _ recording: Recording) {
        let (factor, devices) = (devicesPerDevice, devices(of: recording))
        guard factor > 1 else { return }
        let fleet = FleetTimeline(
            planned.timeline, by: factor, devices: devices, spread: spread, seed: seed)
        planned.timeline = fleet
        let spread = spread
        planned.sentences.append {
            "\(factor) devices for each one recorded: \(devices.sentence); \(devices.clients.count) "
                + "clients are devices; clones are late by up to \(spread.seconds) s"
                + (fleet.wasShortened ? ", less where memory did not suffice" : "")
        }
    }

    private func addScale(to planned: inout PlannedTimeline) {
        guard case .times(let speed) = speed else {
            planned.sentences.append { "at the speed \"max\" there is no factor to scale terms by" }
            return
        }
        let scaled = RewrittenTimeline(planned.timeline, ScaledTerms(speed))
        planned.timeline = scaled
        planned.scale = TimeScale(speed)
        planned.sentences.append {
            "keep alive, expiry and will delay divided by \(speed); \(scaled.rule.heldAtOneSecond) of "
                + "them would be under a second and are one"
        }
    }
}

/// A timeline as a plan has it, and what goes with it.
package struct PlannedTimeline {
    package fileprivate(set) var timeline: any Timeline
    /// Seconds that the broker is to keep messages; nil as configured.
    package fileprivate(set) var retention: UInt32?
    /// By what the broker's timers are divided; nil if they are not.
    package fileprivate(set) var scale: TimeScale?
    fileprivate var sentences: [() -> String] = []

    fileprivate init(_ timeline: any Timeline) { self.timeline = timeline }

    /// What was changed, a sentence each. Counts in them are final when the timeline is over.
    package var changes: [String] { sentences.map { $0() } }

    fileprivate mutating func add(_ whatIf: WhatIf, _ recording: Recording, _ seed: Seed) {
        if let applied = whatIf.apply(to: timeline, of: recording, seed: seed) {
            timeline = applied.timeline
            sentences.append(applied.sentence)
        }
        if case .retention(let seconds) = whatIf { retention = seconds }
    }
}
