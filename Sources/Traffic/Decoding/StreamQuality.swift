/// What went wrong on TCP connections that carry MQTT.
struct StreamQuality {
    /// Payload bytes that were sent and never captured.
    var lostBytes = 0
    /// Payload bytes that were captured and are of no use: parts of packets of which the rest is lost.
    var skippedBytes = 0
    var decodedBytes = 0
    var retransmittedSegments = 0
    /// Segments that the capture holds after one that follows them.
    var outOfOrderSegments = 0
    var malformedPackets = 0

    mutating func add(_ other: StreamQuality) {
        lostBytes += other.lostBytes
        skippedBytes += other.skippedBytes
        decodedBytes += other.decodedBytes
        retransmittedSegments += other.retransmittedSegments
        outOfOrderSegments += other.outOfOrderSegments
        malformedPackets += other.malformedPackets
    }
}
