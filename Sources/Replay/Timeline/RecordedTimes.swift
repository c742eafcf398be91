internal import MQTT
package import Measure
internal import Traffic

/// Times of acknowledgements, as the recording has them at the place where it was made.
package struct RecordedTimes: Sendable {
    /// PUBLISH at QoS 1 of a client to the broker's PUBACK.
    package private(set) var puback = LatencyHistogram()
    /// PUBLISH at QoS 2 of a client to the broker's PUBREC.
    package private(set) var pubrec = LatencyHistogram()
    /// PUBLISH at QoS 2 of a client to the broker's PUBCOMP.
    package private(set) var pubcomp = LatencyHistogram()
    /// What each client took to acknowledge deliveries, by its identifier.
    private var delays: [String: DelaySamples] = [:]

    package init() {}

    /// What a client took from a delivery to its PUBACK or PUBREC, in the order in which it did, spread over the
    /// whole recording; at most `DelaySamples.limit`. Empty if it was delivered nothing that it acknowledged.
    package func acknowledgementDelays(of clientID: String) -> [Nanoseconds] {
        delays[clientID]?.samples ?? []
    }
}

extension RecordedTimes {
    /// What one connection waits for.
    struct Exchanges {
        /// When the client sent what the broker has not answered, by packet identifier.
        fileprivate var sent: [UInt16: Int64] = [:]
        /// When the broker sent what the client has not answered.
        fileprivate var delivered: [UInt16: Int64] = [:]

        /// Of each direction; more are not measured.
        fileprivate static let limit = 1 << 12
    }

    /// - Parameter client: empty if it is not known.
    mutating func note(_ packet: DecodedPacket, of client: String, _ exchanges: inout Exchanges) {
        let isSent = packet.direction == .toBroker
        switch packet.content {
        case .publish(let header):
            guard header.qos > .atMostOnce else { return }
            if isSent {
                exchanges.sent.begin(header, at: packet.time)
            } else {
                exchanges.delivered.begin(header, at: packet.time)
            }
        case .acknowledgement(let id): answered(packet, id, 0, client, &exchanges)
        case .other(.puback(let answer)), .other(.pubrec(let answer)), .other(.pubcomp(let answer)):
            answered(packet, answer.packetID.rawValue, answer.reasonCode, client, &exchanges)
        default: break
        }
    }

    private mutating func answered(
        _ packet: DecodedPacket, _ id: UInt16, _ reason: UInt8, _ client: String,
        _ exchanges: inout Exchanges
    ) {
        func span(since time: Int64) -> Nanoseconds { Nanoseconds(max(0, packet.time &- time)) }
        switch (packet.direction, packet.type) {
        case (.toClient, .puback):
            guard let time = exchanges.sent.removeValue(forKey: id), reason < 0x80 else { return }
            puback.record(span(since: time))
        case (.toClient, .pubrec):
            guard let time = exchanges.sent[id] else { return }
            if reason < 0x80 {
                pubrec.record(span(since: time))
            } else {
                exchanges.sent[id] = nil
            }
        case (.toClient, .pubcomp):
            guard let time = exchanges.sent.removeValue(forKey: id) else { return }
            pubcomp.record(span(since: time))
        case (.toBroker, .puback), (.toBroker, .pubrec):
            guard let time = exchanges.delivered.removeValue(forKey: id), !client.isEmpty
            else { return }
            delays[client, default: DelaySamples()].add(span(since: time))
        default: break
        }
    }
}

extension [UInt16: Int64] {
    /// A repetition is answered from the first time on.
    fileprivate mutating func begin(_ header: PublishHeader, at time: Int64) {
        if self[header.packetID] != nil {
            if !header.dup { self[header.packetID] = time }
        } else if count < RecordedTimes.Exchanges.limit {
            self[header.packetID] = time
        }
    }
}

/// Delays of one client, thinned out evenly when they become too many.
struct DelaySamples: Sendable {
    static let limit = 256

    private var values: [UInt32] = []
    private var stride = 1
    private var offered = 0

    /// Kept in microseconds.
    var samples: [Nanoseconds] { values.map { .microseconds(Int64($0)) } }

    mutating func add(_ delay: Nanoseconds) {
        defer { offered += 1 }
        guard offered % stride == 0 else { return }
        if values.count == Self.limit {
            values = values.indices.filter { $0 % 2 == 0 }.map { values[$0] }
            stride *= 2
            guard offered % stride == 0 else { return }
        }
        values.append(UInt32(clamping: delay.count / 1_000))
    }
}
