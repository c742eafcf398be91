package import MQTT

/// Everything in a stored value that is the same for all messages of one connection, already encoded.
package struct PublisherHeader: Sendable {
    enum Parts: Sendable {
        case v1(TermHeader)
        case asn1(PERHeader)
    }

    package let clientID: String
    package let peer: PeerAddress
    package let version: ProtocolVersion
    package let username: String?
    /// Of the store that its messages go to.
    package let format: RowFormat
    let parts: Parts

    package init(
        clientID: String, peer: PeerAddress, version: ProtocolVersion, username: String?,
        format: RowFormat = RowFormat()
    ) {
        self.clientID = clientID
        self.peer = peer
        self.version = version
        self.username = username
        self.format = format
        switch format.values {
        case .v1:
            parts = .v1(TermHeader(clientID, peer, version, username: username, format.atoms))
        case .asn1:
            parts = .asn1(PERHeader(clientID, peer, version, username: username))
        }
    }
}
