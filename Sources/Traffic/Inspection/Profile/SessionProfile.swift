internal import MQTT

extension TrafficProfile {
    /// What sessions clients ask for: CONNECTs by how long the session is to outlive the connection.
    package struct Sessions: Codable, Equatable, Sendable {
        /// Ends with the connection.
        package private(set) var none = 0
        /// Before version 5, clean session off: the broker's own setting decides.
        package private(set) var brokerDecides = 0
        package private(set) var upToAnHour = 0
        package private(set) var upToADay = 0
        package private(set) var upToAWeek = 0
        package private(set) var longer = 0
        /// Version 5, 2^32 − 1 seconds.
        package private(set) var forEver = 0
        /// The longest that ends, seconds.
        package private(set) var longest: UInt32 = 0
        /// Sessions that the broker had when their client came.
        package private(set) var resumed = 0
        /// Of them, those that the capture does not show to have been opened.
        package internal(set) var older = 0

        enum CodingKeys: String, CodingKey {
            case none = "no_expiry_connects", brokerDecides = "broker_decides_connects"
            case upToAnHour = "up_to_1h_connects", upToADay = "up_to_1d_connects"
            case upToAWeek = "up_to_1w_connects", longer = "longer_connects"
            case forEver = "for_ever_connects", longest = "longest_expiry_s", resumed
            case older = "older_than_capture"
        }

        init() {}

        mutating func add(_ connect: Connect) {
            guard connect.version == .v5 else {
                if connect.cleanStart { none += 1 } else { brokerDecides += 1 }
                return
            }
            let expiry = connect.sessionExpiry
            switch expiry {
            case 0: none += 1
            case ...3_600: upToAnHour += 1
            case ...86_400: upToADay += 1
            case ...604_800: upToAWeek += 1
            case ..<UInt32.max: longer += 1
            default: forEver += 1
            }
            if expiry != .max { longest = max(longest, expiry) }
        }

        mutating func add(_ connack: Connack) { if connack.sessionPresent { resumed += 1 } }
    }
}

/// How long durable sessions are without their clients, and what is stored for them meanwhile.
package struct AbsenceProfile: Codable, Equatable, Sendable {
    /// Absences that ended with the client's return, and of how many sessions.
    package let absences: Int
    package let sessions: Int
    /// Seconds; nil if there were none.
    package let medianSeconds: Double?
    package let longestSeconds: Double?
    /// Messages stored for a session until its client was back: of all absences, and of the one with most.
    package let backlogMessages: Int
    package let largestBacklogMessages: Int
    package let largestBacklogBytes: Int
    /// Sessions whose clients were away when the capture ended, and the largest backlog then.
    package let stillAway: Int
    package let waitingMessages: Int
    package let waitingBytes: Int

    enum CodingKeys: String, CodingKey {
        case absences, sessions, medianSeconds = "median_s", longestSeconds = "longest_s"
        case backlogMessages = "backlog_messages"
        case largestBacklogMessages = "largest_backlog_messages"
        case largestBacklogBytes = "largest_backlog_payload_bytes", stillAway = "still_away"
        case waitingMessages = "waiting_messages", waitingBytes = "waiting_payload_bytes"
    }

    init(_ absences: Absences) {
        self.absences = absences.count
        sessions = absences.sessions.count
        let lengths = absences.ended.map(\.length).sorted()
        medianSeconds = lengths.isEmpty ? nil : Double(lengths[lengths.count / 2]) * 1e-9
        longestSeconds = lengths.isEmpty ? nil : Double(absences.longest) * 1e-9
        backlogMessages = absences.messages
        (largestBacklogMessages, largestBacklogBytes) = absences.largest
        stillAway = absences.stillAway
        (waitingMessages, waitingBytes) = absences.waiting
    }
}
