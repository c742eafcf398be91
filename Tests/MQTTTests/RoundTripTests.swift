import MQTT
import Testing

/// Seeds of the random tests: any number will do, and a failure names the one it had.
let seeds: [UInt64] = [1, 2, 3, 4]

@Test(arguments: seeds) func whatIsWrittenIsReadBack(seed: UInt64) {
    var chance = Chance(seed: seed)
    for version in ProtocolVersion.allCases {
        for type in PacketType.allCases where version == .v5 || type != .auth {
            for _ in 0..<20 {
                let packet = chance.packet(type, version)
                let bytes = write(packet, version)
                let back = read(bytes, version)
                #expect(back == .success(packet), "seed \(seed), \(version)")
                // `String` takes canonical equivalents for equal; bytes do not
                if case .success(let back) = back {
                    #expect(write(back, version) == bytes, "seed \(seed)")
                }
                #expect((try? readHeader(bytes).get())?.packetLength == bytes.count, "seed \(seed)")
            }
        }
    }
}

@Test(arguments: seeds) func cutOffPacketAsksForMoreAndNeverForTooMuch(seed: UInt64) {
    var chance = Chance(seed: seed)
    for version in ProtocolVersion.allCases {
        for type in PacketType.allCases where version == .v5 || type != .auth {
            let bytes = write(chance.packet(type, version), version)
            for count in 0..<min(bytes.count, 400) {
                guard case .failure(.incomplete(let needed)) = read(Array(bytes[..<count]), version)
                else {
                    Issue.record(
                        "\(count) of \(bytes.count) bytes were enough, seed \(seed), \(type) \(version)"
                    )
                    continue
                }
                #expect(1...bytes.count - count ~= needed, "seed \(seed), \(type) \(version)")
            }
        }
    }
}

/// The packet claims to be as short as it is, so its fields are cut and not the stream.
@Test(arguments: seeds) func cutOffBodyIsNeverIncomplete(seed: UInt64) throws {
    var chance = Chance(seed: seed)
    for version in ProtocolVersion.allCases {
        for type in PacketType.allCases where version == .v5 || type != .auth {
            let bytes = write(chance.packet(type, version), version)
            let header = try readHeader(bytes).get()
            for length in 0..<min(header.remainingLength, 400) {
                var cut = [bytes[0]]
                VariableByteInteger.write(length, to: &cut)
                cut += bytes[header.headerLength..<header.headerLength + length]
                switch read(cut, version) {
                // a shorter payload or fewer filters are a packet too
                case .success(let packet):
                    #expect(read(write(packet, version), version) == .success(packet))
                case .failure(.malformed(_, let offset)): #expect(0...cut.count ~= offset)
                case .failure(let error): Issue.record("\(error), seed \(seed), \(type) \(version)")
                }
            }
        }
    }
}

@Test(arguments: seeds) func damagedBytesAreRefusedOrCanBeWrittenAgain(seed: UInt64) {
    var chance = Chance(seed: seed)
    var refused = 0
    for _ in 0..<5_000 {
        let version = chance.version()
        var bytes = write(chance.packet(version), version)
        for _ in 0..<chance.number(1...4) { chance.damage(&bytes) }
        // written again without a trap: the reader lets nothing pass that the writer would not stand for
        switch read(bytes, version) {
        case .success(let packet):
            #expect(
                read(write(packet, version), version) == .success(packet), "seed \(seed), \(bytes)")
        case .failure: refused += 1
        }
        if let first = bytes.first, first >> 4 == PacketType.publish.rawValue {
            let (header, packet) = (readPublish(bytes, version), read(bytes, version))
            #expect(
                (try? header.get()) != nil || (try? packet.get()) == nil, "seed \(seed), \(bytes)")
        }
        _ = walk(bytes)
    }
    #expect(refused > 1_000, "the damage is too light to tell anything, seed \(seed)")
}

extension Chance {
    /// Mostly near the start, where the structure is.
    fileprivate mutating func damage(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let at = number(0...min(bytes.count, bool() ? 12 : 300) - 1)
        let byte = UInt8(truncatingIfNeeded: next())
        switch number(0...4) {
        case 0: bytes[at] = byte
        case 1: bytes[at] ^= 1 << (byte & 7)
        case 2: bytes[at] &+= byte & 1 == 0 ? 1 : 0xFF
        case 3: bytes.insert(byte, at: at)
        default: bytes.remove(at: at)
        }
        // half of the time the packet still knows how long it is, or nearly nothing would get past the header
        guard bool(), case .success(let header) = readHeader(bytes) else { return }
        let body = bytes[min(header.headerLength, bytes.count)...]
        var whole = [bytes[0]]
        VariableByteInteger.write(body.count, to: &whole)
        bytes = whole + body
    }
}
