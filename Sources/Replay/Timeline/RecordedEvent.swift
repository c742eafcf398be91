internal import MQTT
internal import Measure
internal import Traffic

/// Something that a client did on a recorded connection.
struct RecordedEvent {
    enum Kind {
        case opened(Trace.Connection)
        case packet(PacketType, qos: QoS, packetIDOffset: Int)
        case closed(Ending)
    }

    /// From the first event of the recording.
    var offset: Nanoseconds
    /// Its number in this reading of the recording.
    var connection: Int
    var kind: Kind
}
