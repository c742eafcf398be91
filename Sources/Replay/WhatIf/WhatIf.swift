package import Measure
internal import Traffic

/// Another policy under which the same traffic is replayed.
package enum WhatIf: Hashable, Sendable {
    /// QoS by topic class, as the article's table has it.
    case articleQoS
    /// QoS 1 with an event id in place of QoS 2.
    case eventIDs
    /// Seconds; 0 is for ever.
    case messageExpiry(UInt32)
    /// Seconds.
    case sessionExpiry(UInt32)
    /// The broker keeps messages for so many seconds.
    case retention(UInt32)
    case durableSessions(Bool)
    /// A share of all clients loses its connection and comes back within some time.
    case reconnectStorm(at: Nanoseconds, share: Double, within: Nanoseconds)
    case subscribersAway(from: Nanoseconds, for: Nanoseconds)
    /// Subscribers take so many times as long to acknowledge.
    case slowSubscribers(factor: Double)
    /// Subscribers take so much longer to acknowledge.
    case lateSubscribers(by: Nanoseconds)
    case devices(factor: Int)
}

extension WhatIf {
    /// How one what-if is written and what it does.
    package struct Form: Sendable {
        package let name: String
        /// "" if it takes no value.
        package let values: String
        package let meaning: String
        fileprivate let parse: @Sendable ([Substring]) -> WhatIf?
    }

    /// All there are; help, errors and parsing come from here.
    package static let forms = [
        Form(
            name: "article-qos", values: "",
            meaning: "each topic class at the QoS of the article's table"
        ) { $0.isEmpty ? .articleQoS : nil },
        Form(
            name: "event-id", values: "",
            meaning: "QoS 1 with an event id in place of QoS 2"
        ) { $0.isEmpty ? .eventIDs : nil },
        Form(
            name: "message-expiry", values: "TIME",
            meaning: "messages of MQTT 5 expire after that time; 0s: never"
        ) { one($0, seconds).map(WhatIf.messageExpiry) },
        Form(
            name: "session-expiry", values: "TIME",
            meaning: "durable sessions of MQTT 5 outlive their connection by that time"
        ) { one($0, seconds).flatMap { $0 > 0 ? .sessionExpiry($0) : nil } },
        Form(
            name: "retention", values: "TIME",
            meaning: "the broker keeps messages for that time (message_retention_period)"
        ) { one($0, seconds).flatMap { $0 > 0 ? .retention($0) : nil } },
        Form(
            name: "durable-sessions", values: "on|off",
            meaning: "all subscribers have durable sessions, or nobody has"
        ) {
            switch $0 {
            case ["on"]: .durableSessions(true)
            case ["off"]: .durableSessions(false)
            default: nil
            }
        },
        Form(
            name: "reconnect-storm", values: "AT[,SHARE%[,WITHIN]]",
            meaning: "clients lose their connections at that time and come back within 5s"
        ) { storm($0) },
        Form(
            name: "subscribers-away", values: "FROM,FOR",
            meaning: "all subscribers are away for that time"
        ) {
            guard $0.count == 2, let from = span($0[0]), let length = span($0[1]) else {
                return nil
            }
            return .subscribersAway(from: from, for: length)
        },
        Form(
            name: "slow-subscribers", values: "xFACTOR|TIME",
            meaning: "subscribers acknowledge so many times, or by so much, later"
        ) {
            guard $0.count == 1 else { return nil }
            if $0[0].first == "x" {
                return Double($0[0].dropFirst()).flatMap {
                    $0 > 0 ? .slowSubscribers(factor: $0) : nil
                }
            }
            return span($0[0]).map { .lateSubscribers(by: $0) }
        },
        Form(
            name: "devices", values: "xFACTOR",
            meaning: "so many devices for each one recorded"
        ) {
            guard $0.count == 1, let factor = Int($0[0].drop { $0 == "x" }), 1...100_000 ~= factor
            else { return nil }
            return .devices(factor: factor)
        },
    ]

    /// Reads "NAME" or "NAME=VALUE,…".
    package init(parsing text: String) throws(WhatIfError) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let form = Self.forms.first(where: { $0.name == name }) else {
            throw WhatIfError(
                description: "there is no what-if \"\(name)\"; there are "
                    + Self.forms.map(\.name).joined(separator: ", "))
        }
        let values = parts.count > 1 ? parts[1].split(separator: ",") : []
        guard let parsed = form.parse(values) else {
            let wanted = form.values.isEmpty ? name : "\(name)=\(form.values)"
            throw WhatIfError(
                description: "\"\(text)\" is not understood; write \(wanted), times as in 30s or 2h"
            )
        }
        self = parsed
    }

    private static func storm(_ values: [Substring]) -> WhatIf? {
        guard 1...3 ~= values.count, let at = span(values[0]) else { return nil }
        var (share, within) = (1.0, Nanoseconds.seconds(5))
        if values.count > 1 {
            guard values[1].last == "%", let percent = Double(values[1].dropLast()),
                percent > 0, percent <= 100
            else { return nil }
            share = percent / 100
        }
        if values.count > 2 {
            guard let time = span(values[2]) else { return nil }
            within = time
        }
        return .reconnectStorm(at: at, share: share, within: within)
    }

    private static func one<Value>(
        _ values: [Substring], _ read: (Substring) -> Value?
    ) -> Value? {
        values.count == 1 ? read(values[0]) : nil
    }

    private static func span(_ text: Substring) -> Nanoseconds? {
        guard case .offset(let time)? = EventSelection.Moment(String(text)) else { return nil }
        return Nanoseconds(time)
    }

    private static func seconds(_ text: Substring) -> UInt32? {
        guard let span = span(text), span.count % 1_000_000_000 == 0 else { return nil }
        return UInt32(exactly: span.count / 1_000_000_000)
    }
}

/// A what-if that cannot be read.
package struct WhatIfError: Error, Equatable, CustomStringConvertible {
    package let description: String
}
