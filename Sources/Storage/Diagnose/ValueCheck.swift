internal import Layout
internal import MQTT

/// Reads stored values, and writes each again as the model would: whether the model's bytes are EMQX's.
///
/// The only place here that knows how values are serialized.
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
    /// Of the publisher whose message came last: messages of a stream follow each other, and a stream has
    /// few publishers.
    private var headers: [[UInt8]: PublisherHeader] = [:]
    private var properties: [UInt8] = []
    private var client: [UInt8] = []
    private var written: [UInt8] = []

    /// So many publishers' headers are kept.
    private static let remembered = 10_000

    /// - Returns: the message, and the size of the value that the model makes of it with the same varying
    ///   part; nil if it cannot be read.
    mutating func check(_ value: RawSpan) -> (message: StoredMessage, size: Int)? {
        properties.removeAll(keepingCapacity: true)
        let message: StoredMessage
        do throws(LayoutError) {
            message = try StoredMessage(decoding: value, appendingPropertiesTo: &properties)
        } catch {
            tally.unreadable += 1
            firstFailure = firstFailure ?? error
            return nil
        }
        client.removeAll(keepingCapacity: true)
        message.from.append(from: value, to: &client)
        if let header = headers[client], write(value, message, header),
            written.count == value.byteCount
        {
            count(value)
            return (message, written.count)
        }
        // Another connection of the client, or the first: its header is in the value.
        guard let header = PublisherHeader(of: value, client: client) else {
            tally.otherSize += 1
            return (message, value.byteCount)
        }
        if headers.count >= Self.remembered { headers.removeAll(keepingCapacity: true) }
        headers[client] = header
        guard write(value, message, header) else {
            tally.otherSize += 1
            return (message, value.byteCount)
        }
        count(value)
        return (message, written.count)
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
    private mutating func write(
        _ value: RawSpan, _ message: StoredMessage, _ header: PublisherHeader
    ) -> Bool {
        written.removeAll(keepingCapacity: true)
        let varying = value.extracting(message.varying.range)
        let properties = properties
        do throws(CodecError) {
            // As one token: joined tokens are what they were joined to.
            try header.appendValue(
                qos: message.qos, dup: message.dup, retain: message.retain, topic: varying,
                varying: [0..<varying.byteCount], payload: value.extracting(message.payload.range),
                properties: properties.span.bytes, timestamp: message.timestamp, to: &written)
            return true
        } catch { return false }
    }
}

extension PublisherHeader {
    /// The header that a stored value has; nil if its headers are not those that EMQX writes.
    fileprivate init?(of value: RawSpan, client: [UInt8]) {
        guard case .tuple(let fields)? = try? Term(decoding: value), fields.count == 9,
            case .map(let headers) = fields[4],
            case .tuple(let name)? = headers[.atom("peername")], name.count == 2,
            case .tuple(let groups) = name[0], case .integer(let port) = name[1],
            case .integer(let number)? = headers[.atom("proto_ver")],
            let port = UInt16(exactly: port),
            let version = UInt8(exactly: number).flatMap(ProtocolVersion.init(rawValue:))
        else { return nil }
        var address: [UInt8] = []
        for group in groups {
            guard case .integer(let part) = group, let part = UInt16(exactly: part) else {
                return nil
            }
            if groups.count == 8 { address.append(UInt8(part >> 8)) }
            address.append(UInt8(truncatingIfNeeded: part))
        }
        guard let peer = PeerAddress(bytes: address, port: port),
            let clientID = String(validating: client, as: UTF8.self)
        else { return nil }
        var username: String?
        if case .binary(let bytes)? = headers[.atom("username")] {
            username = String(validating: bytes, as: UTF8.self)
        }
        self.init(clientID: clientID, peer: peer, version: version, username: username)
    }
}
