extension TrafficProfile {
    var lines: [String] {
        var rows: [(String, String)] = []
        if let rate {
            rows.append(
                (
                    "rate",
                    "\(figure(rate.publishes)) publishes/s, \(size(rate.payloadBytes))/s of payload, "
                        + "\(figure(rate.packets)) packets/s"
                ))
        }
        let peaks: [(String, Double?, Int)] = [
            ("10 ms", burst.peakToMean10ms, burst.peakIn10ms),
            ("1 s", burst.peakToMean1s, burst.peakIn1s),
            ("1 min", burst.peakToMean1min, burst.peakIn1min),
        ]
        let bursts = peaks.compactMap { width, ratio, peak in
            ratio.map { "\(tenths($0)) x in \(width) (\(peak))" }
        }
        if !bursts.isEmpty { rows.append(("peak to mean", bursts.joined(separator: ", "))) }
        if let payload {
            rows.append(
                (
                    "payload",
                    "p50 \(payload.p50), p90 \(payload.p90), p99 \(payload.p99), "
                        + "\(payload.minimum) to \(payload.maximum) bytes"
                ))
        }
        rows.append(
            (
                "QoS 0/1/2",
                "\(percent(qosMix.qos0)), \(percent(qosMix.qos1)), \(percent(qosMix.qos2)) from clients"
            ))
        rows.append(
            (
                "repeated",
                "\(duplicates.fromClients) by clients, \(duplicates.fromBroker) by the broker"
            ))
        if let drift = pubackDrift {
            rows.append(
                (
                    "PUBACK drift",
                    "p50 \(figure(drift.firstThird)) us in the first third, \(figure(drift.lastThird)) us in the last"
                ))
        }
        rows.append(
            (
                "levels",
                topicTree.levels.map { "\($0.isExact ? "" : "about ")\($0.distinct)" }
                    .joined(separator: " / ")
            ))
        rows += topicTree.patterns.prefix(8).map {
            ("", "\($0.pattern)  (\($0.topics) topics, \($0.publishes) publishes)")
        }
        return ["", "profile"] + table(rows + sessionRows)
    }

    private var sessionRows: [(String, String)] {
        let asked: [(Int, String)] = [
            (sessions.none, "without"), (sessions.brokerDecides, "as the broker decides"),
            (sessions.upToAnHour, "up to 1 h"), (sessions.upToADay, "up to 1 day"),
            (sessions.upToAWeek, "up to 1 week"), (sessions.longer, "longer"),
            (sessions.forEver, "for ever"),
        ]
        let words = asked.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        var rows: [(String, String)] = []
        if !words.isEmpty { rows.append(("session expiry", words)) }
        if sessions.resumed > 0 {
            rows.append(
                (
                    "resumed",
                    "\(sessions.resumed), of which \(sessions.older) older than the capture"
                ))
        }
        if let median = absences.medianSeconds, let longest = absences.longestSeconds {
            rows.append(
                (
                    "absences",
                    "\(absences.absences) of \(absences.sessions) durable sessions, median \(duration(median)), "
                        + "longest \(duration(longest))"
                ))
            rows.append(
                (
                    "backlog",
                    "\(absences.backlogMessages) messages, at most \(absences.largestBacklogMessages) "
                        + "(\(size(Double(absences.largestBacklogBytes)))) for one"
                ))
        }
        if absences.stillAway > 0 {
            rows.append(
                (
                    "still away",
                    "\(absences.stillAway) durable sessions, at most \(absences.waitingMessages) messages wait for one"
                ))
        }
        return rows
    }
}
