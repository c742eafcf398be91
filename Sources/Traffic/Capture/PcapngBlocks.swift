/// The blocks of a pcapng file that is written (draft-ietf-opsawg-pcapng), little-endian.
enum PcapngBlocks {
    private static let sectionHeader: UInt32 = 0x0A0D_0D0A
    private static let interfaceDescription: UInt32 = 1
    private static let enhancedPacket: UInt32 = 6

    private enum Option {
        static let end: UInt16 = 0
        /// Of a section: the program that wrote it.
        static let application: UInt16 = 4
        /// Of an interface.
        static let name: UInt16 = 2
        static let resolution: UInt16 = 9
    }

    /// One section with one interface: Ethernet, times in nanoseconds.
    static func appendHeader(application: String, to bytes: inout [UInt8]) {
        let section = begin(sectionHeader, &bytes)
        bytes.append(little: 0x1A2B_3C4D as UInt32)
        bytes.append(little: 1 as UInt16)
        bytes.append(little: 0 as UInt16)
        // The length of the section is not known yet.
        bytes.append(little: UInt64.max)
        appendOption(Option.application, Array(application.utf8), to: &bytes)
        appendOption(Option.end, [], to: &bytes)
        end(section, &bytes)
        let interface = begin(interfaceDescription, &bytes)
        bytes.append(little: UInt16(1))
        bytes.append(little: UInt16(0))
        // No limit to what is kept of a packet.
        bytes.append(little: UInt32(0))
        appendOption(Option.name, Array("broker".utf8), to: &bytes)
        // Ten to the power of minus nine.
        appendOption(Option.resolution, [9], to: &bytes)
        appendOption(Option.end, [], to: &bytes)
        end(interface, &bytes)
    }

    /// - Returns: the place of the block, for `endPacket`.
    static func beginPacket(at time: Int64, to bytes: inout [UInt8]) -> Int {
        let place = begin(enhancedPacket, &bytes)
        bytes.append(little: UInt32(0))
        let ticks = UInt64(time)
        bytes.append(little: UInt32(ticks >> 32))
        bytes.append(little: UInt32(truncatingIfNeeded: ticks))
        // Both lengths come when the frame is there.
        bytes.append(little: UInt64(0))
        return place
    }

    static func endPacket(from place: Int, _ bytes: inout [UInt8]) {
        let header = 28
        let length = UInt32(bytes.count - place - header)
        bytes.replace(little: length, at: place + header - 8)
        bytes.replace(little: length, at: place + header - 4)
        while bytes.count % 4 != place % 4 { bytes.append(0) }
        end(place, &bytes)
    }

    private static func begin(_ kind: UInt32, _ bytes: inout [UInt8]) -> Int {
        let place = bytes.count
        bytes.append(little: kind)
        bytes.append(little: UInt32(0))
        return place
    }

    private static func end(_ place: Int, _ bytes: inout [UInt8]) {
        let length = UInt32(bytes.count - place + 4)
        bytes.replace(little: length, at: place + 4)
        bytes.append(little: length)
    }

    private static func appendOption(_ code: UInt16, _ value: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(little: code)
        bytes.append(little: UInt16(value.count))
        bytes += value + [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    }
}

extension [UInt8] {
    mutating func append(big value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func replace(little value: UInt32, at place: Int) {
        for byte in 0..<4 { self[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
    }

    mutating func replace(big value: UInt16, at place: Int) {
        self[place] = UInt8(value >> 8)
        self[place + 1] = UInt8(truncatingIfNeeded: value)
    }
}
