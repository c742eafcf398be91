/// Appends a PUBACK, PUBREC, PUBREL or PUBCOMP that reports success: four bytes in every version.
package func writeAcknowledgement(_ type: PacketType, _ packetID: PacketID, to bytes: inout [UInt8])
{
    precondition(PropertyPlaces.acknowledgements.contains(PropertyPlaces(type)))
    bytes.append(type.rawValue << 4 | (type.reservedFlags ?? 0))
    bytes.append(2)
    bytes.append(two: packetID.rawValue)
}
