internal import Measure

/// When the next message of a stream is due.
extension FleetRun {
    mutating func planFirst(_ stream: Int) {
        let kind = kind(of: stream)
        streams[stream].left = kind.terms.burst.count
        switch kind.terms.schedule {
        case .onConnect: streams[stream].left = 0
        case .poisson: planNextBurst(stream, after: fleet.start)
        case .every(let period, let jitter, let phase):
            let nominal: Int64
            if let phase {
                // The first multiple at or after the start.
                let behind = ((fleet.start - phase) % period + period) % period
                nominal = fleet.start + (behind == 0 ? 0 : period - behind)
            } else {
                nominal = fleet.start + Int64(Double(period) * streams[stream].random.unit())
            }
            planBurst(stream, nominal: nominal, jitter: jitter)
        }
    }

    /// The message of a stream is due.
    mutating func message(of stream: Int) {
        compose(stream)
        let kind = kind(of: stream)
        streams[stream].left -= 1
        guard streams[stream].left <= 0 else {
            let spacing = kind.terms.burst.spacing.time(&streams[stream].random)
            return plan(.message, at: now + spacing, client: stream)
        }
        guard kind.terms.schedule != .onConnect else {
            streams[stream].left = 0
            return
        }
        streams[stream].left = kind.terms.burst.count
        planNextBurst(stream, after: now)
    }

    private mutating func planNextBurst(_ stream: Int, after time: Int64) {
        switch kind(of: stream).terms.schedule {
        case .every(let period, let jitter, _):
            planBurst(stream, nominal: streams[stream].nominal + period, jitter: jitter)
        case .poisson(let mean):
            let gap = streams[stream].random.exponential(mean: mean)
            // Longer than any traffic is never.
            plan(.message, at: time + Int64(min(gap, 1e18)), client: stream)
        case .onConnect: break
        }
    }

    private mutating func planBurst(_ stream: Int, nominal: Int64, jitter: Int64) {
        streams[stream].nominal = nominal
        let late = Double(jitter) * streams[stream].random.unit()
        plan(.message, at: max(now, nominal + Int64(late)), client: stream)
    }

    private func kind(of stream: Int) -> PlayedMessage {
        let group = clients[Int(streams[stream].client)].group
        return kinds[group][Int(streams[stream].kind)]
    }
}
