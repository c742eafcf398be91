internal import Layout
internal import MQTT

/// Reads stored values, and writes each again as the model would: whether the model's bytes are EMQX's.
struct ValueCheck {
    /// How many values of a client, one after the other, came out how.
    struct Tally: Equatable, Sendable {
        /// Byte for byte.
        var identical = 0
        /// As long, in other words: EMQX fixes no order in maps.
        var sameSize = 0
        var otherSize = 0
        /// Not read.
        var unreadable = 0
    }

    private(set) var tally = Tally()
    /// Why the first value that could not be read could not be.
    private(set) var firstFailure: LayoutError?
    /// What values and keys are taken for.
    let format: RowFormat
    /// Of the publishers whose messages came last: messages of a stream follow each other, and a stream has
    /// few publishers.
    private var headers: [[UInt8]: PublisherHeader] = [:]
    private var properties: [UInt8] = []
    private var client: [UInt8] = []
    /// In one piece, whether the value has it in fragments or not.
    private var payload: [UInt8] = []
    /// Of the value that came last: the tokens of its varying levels, joined by "/". Empty in a value of
    /// `KeyScheme.skipstreamV2`.
    private(set) var varying: [UInt8] = []
    private var written: [UInt8] = []

    /// So many publishers' headers are kept.
    private static let remembered = 10_000

    init(_ format: RowFormat) { self.format = format }

    /// - Returns: the size of the value that the model makes of the message, with the same varying part; nil
    ///   if it cannot be read.
    mutating func check(_ value: RawSpan) -> Int? {
        properties.removeAll(keepingCapacity: true)
        let message: StoredMessage
        do throws(LayoutError) {
            message = try StoredMessage(
                decoding: value, as: format.values, appendingPropertiesTo: &properties)
        } catch {
            tally.unreadable += 1
            firstFailure = firstFailure ?? error
            return nil
        }
        client.removeAll(keepingCapacity: true)
        message.from.append(from: value, to: &client)
        varying.removeAll(keepingCapacity: true)
        message.varying.append(from: value, to: &varying)
        payload.removeAll(keepingCapacity: true)
        message.payload.append(from: value, to: &payload)
        if let header = headers[client], write(message, header), written.count == value.byteCount {
            count(value)
            return written.count
        }
        // Another connection of the client, or the first: its header is in the value.
        guard let header = PublisherHeader(of: value, client: client, format: format) else {
            tally.otherSize += 1
            return value.byteCount
        }
        if headers.count >= Self.remembered { headers.removeAll(keepingCapacity: true) }
        headers[client] = header
        guard write(message, header) else {
            tally.otherSize += 1
            return value.byteCount
        }
        count(value)
        return written.count
    }

    private mutating func count(_ value: RawSpan) {
        let written = written
        if written.count != value.byteCount {
            tally.otherSize += 1
        } else if value.withUnsafeBytes({ $0.elementsEqual(written) }) {
            tally.identical += 1
        } else {
            tally.sameSize += 1
        }
    }

    /// - Returns: false when the properties cannot be written again.
    private mutating func write(_ message: StoredMessage, _ header: PublisherHeader) -> Bool {
        written.removeAll(keepingCapacity: true)
        let (varying, payload, properties) = (varying, payload, properties)
        do throws(CodecError) {
            // As one token: joined tokens are what they were joined to.
            try header.appendValue(
                qos: message.qos, dup: message.dup, retain: message.retain,
                topic: varying.span.bytes, varying: [0..<varying.count],
                payload: payload.span.bytes, properties: properties.span.bytes,
                timestamp: message.timestamp, to: &written)
            return true
        } catch { return false }
    }
}
