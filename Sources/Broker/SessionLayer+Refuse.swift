internal import MQTT
package import Measure

extension SessionLayer {
    /// Answers a CONNECT that somebody else than the session layer turned down, and closes.
    package func refuse(
        _ number: Int, reason: UInt8, packet: RawSpan, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        guard connections[number] != nil else { return }
        var connack = Connack(reasonCode: reason)
        var version = ProtocolVersion.v5
        if case .connect(let connect)? = try? Packet.read(packet, version: .v5) {
            version = connect.version
        }
        if version < .v5 { connack.reasonCode = reason == 0x86 ? 4 : reason == 0x87 ? 5 : 3 }
        outbox.send(to: number) { Packet.connack(connack).write(to: &$0, version: version) }
        outbox.close(number)
        _ = connections.close(number)
    }
}
