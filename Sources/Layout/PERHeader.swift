internal import MQTT

/// What a publisher's values have in common in serialization schema asn1.
///
/// The schema is EMQX's `DurableMessage` (apps/emqx_durable_storage/asn.1): id, from, topic, payload,
/// timestamp, qos, flags, standard headers, properties, and a list of whatever fits none of these. Every
/// part but the flags begins on a whole byte.
struct PERHeader: Sendable {
    /// From the first bit to the client id.
    let start: [UInt8]
    /// The byte of QoS and flags, these still 0, that ends with the first three of four bits which say what
    /// headers there are: protocol version, peer address, peer name.
    let flags: UInt8
    /// From the fourth of these bits, the user name's, to the end of the headers.
    let headers: [UInt8]
    /// How many headers stand in the list of the others.
    let otherCount: Int
    /// Those headers.
    let others: [UInt8]

    init(
        _ clientID: String, _ peer: PeerAddress, _ version: ProtocolVersion, username: String?
    ) {
        // There is a list of other things, though it is mostly empty. The id is empty. The sender is a
        // binary and not an atom.
        var start: [UInt8] = [0x80, 0, 0x80]
        start.append(octets: Array(clientID.utf8).span.bytes)
        self.start = start

        var headers: [UInt8] = []
        // Which of three protocols (0 is mqtt) takes the next two bits, its version a whole byte.
        headers.append(username == nil ? 0 : 0x80)
        headers.append(version.rawValue)
        var others: [UInt8] = []
        if peer.isIPv4 {
            flags = 0b111
            // Sizes count from 4 and 6, in four bits: nothing more than that.
            headers += [0] + peer.bytes
            headers += [0] + peer.bytes + [UInt8(peer.port >> 8), UInt8(peer.port & 0xFF)]
            otherCount = 0
        } else {
            // EMQX looks for sixteen numbers where Erlang has eight, so addresses of IPv6 go to the others.
            flags = 0b100
            others.append(other: .header, "peername") { $0.append(hostAndPort: peer) }
            others.append(other: .header, "peerhost") { $0.append(host: peer) }
            otherCount = 2
        }
        if let username { headers.append(octets: Array(username.utf8).span.bytes) }
        self.headers = headers
        self.others = others
    }
}

/// What an entry of the list of other things is: its index among the five choices.
enum PEROther: UInt8 {
    case flag, header, property, clientAttribute, extra
}

extension [UInt8] {
    /// Appends an entry of the list of other things: a name and a value, both whole Erlang terms.
    ///
    /// The name is an atom in the older encoding also where v1 values have the newer one: so it stands in
    /// the rows that EMQX 5.8.9 was made to write (golden row variety:6).
    mutating func append(
        other kind: PEROther, _ name: StaticString, _ value: (inout [UInt8]) -> Void
    ) {
        append(kind.rawValue << 5)
        var term: [UInt8] = [TermTag.version]
        term.append(atom: name, as: .otp25)
        append(octets: term.span.bytes)
        term = [TermTag.version]
        value(&term)
        append(octets: term.span.bytes)
    }
}
