import Foundation
import Measure

/// What sensors and machines send, made: streams of payloads in which each follows from the one before, or
/// does not.
enum MadeStream: String, CaseIterable {
    case textCounter, jsonCounter, longCounter, hexCounter, binaryCounter
    case jsonTimes, isoTimes, csv, jsonDevices
    case jsonWalk, plainWalk, walkAroundZero, binaryWalk, doubles
    case constantText, constantBytes, jsonRandom, states, logLines, batches, twoKinds
    case randomHex, jsonEvent, randomBinary, cbor, protobuf

    /// - Parameter count: of payloads.
    func payloads(_ count: Int, seed: Seed) -> [[UInt8]] {
        var maker = Maker(seed: seed.branch(rawValue))
        return (0..<count).map { number in
            maker.step()
            return maker.payload(of: self, number)
        }
    }
}

private struct Maker {
    var seed: Seed
    /// Milliseconds.
    var time = 1_760_000_000_000
    var walks = [21.0, 48.0, 0.2]
    var raw: Int16 = 2_150
    var sequences = [Int](repeating: 1_000, count: Maker.devices)

    private static let devices = 20

    init(seed: Seed) { self.seed = seed }

    mutating func step() {
        time += 1_000 + Int.random(in: -40...40, using: &seed)
        for index in walks.indices { walks[index] += Double.random(in: -0.1...0.1, using: &seed) }
        raw &+= Int16.random(in: -2...2, using: &seed)
    }

    private var seconds: Int { time / 1_000 }

    private func text(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    private mutating func random(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &seed) }
    }

    private mutating func hex(_ count: Int) -> String {
        random(count).map { String(format: "%02x", $0) }.joined()
    }

    private func varint(_ number: Int) -> [UInt8] {
        var (rest, bytes) = (number, [UInt8]())
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F | 0x80))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    mutating func payload(of stream: MadeStream, _ number: Int) -> [UInt8] {
        switch stream {
        case .binaryCounter:
            let counter = UInt64(1_000_000 + number * 3).wire
            return counter + counter + [UInt8](repeating: 0, count: 16)
        case .binaryWalk:
            return [1, 3] + UInt32(seconds).wire + raw.wire + Int16(walks[0] * 100).wire + [0, 0]
        case .doubles: return walks[0].bitPattern.wire + walks[1].bitPattern.wire
        case .constantBytes: return [UInt8](repeating: 0x41, count: 64)
        case .randomBinary: return random(100)
        case .cbor:
            return [0xA3, 0x61, 0x74, 0x1A] + UInt32(seconds).wire + [0x61, 0x76, 0xFB]
                + walks[0].bitPattern.wire + [0x63] + Array("seq".utf8) + [0x19]
                + UInt16(number).wire
        case .protobuf:
            return [0x08] + varint(time) + [0x12, 0x1A, 0x0A, 0x04] + Array("temp".utf8) + [0x18]
                + varint(time) + [0x20, 0x0A, 0x6D] + Float(walks[0]).bitPattern.wire + [0x18]
                + varint(number)
        default: return Array(words(of: stream, number).utf8)
        }
    }

    private mutating func words(of stream: MadeStream, _ number: Int) -> String {
        let counter = 1_000_000 + number * 3
        let any = Double.random(in: -40...60, using: &seed)
        switch stream {
        case .textCounter: return "count=\(counter) ok=\(counter / 7)"
        case .jsonCounter: return #"{"seq":\#(number + 1),"ok":true}"#
        case .longCounter:
            return
                #"{"device":"sensor-17","firmware":"2.14.7","sequence":\#(counter),"status":"online"}"#
        case .hexCounter: return String(format: "%08x;%04x", counter * 977, number)
        case .jsonTimes: return #"{"ts":\#(time),"state":"run"}"#
        case .isoTimes:
            let date = Date(timeIntervalSince1970: Double(time) / 1_000)
            let stamp = date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            return #"{"time":"\#(stamp)","up":true}"#
        case .csv:
            return "\(seconds),\(number),\(text(walks[0], 2)),\(text(walks[1], 2)),OK"
        case .jsonDevices:
            let device = number % sequences.count
            sequences[device] += 1
            let value = text(walks[0] + Double(device), 1)
            return
                #"{"id":"dev-\#(100 + device)","seq":\#(sequences[device]),"ts":\#(time),"v":\#(value)}"#
        case .jsonWalk:
            return
                #"{"temperature":\#(text(walks[0], 2)),"humidity":\#(text(walks[1], 1)),"ts":\#(seconds)}"#
        case .plainWalk: return text(walks[0], 2)
        case .walkAroundZero:
            let volts = number % 7 == 0 ? "null" : "230.\(number % 10)"
            return #"{"p":\#(text(walks[2], 3)),"u":\#(volts)}"#
        case .constantText: return #"{"status":"online","firmware":"2.14.7","site":"north"}"#
        case .jsonRandom:
            let state = ["idle", "run", "stop", "fault"][number % 7 % 4]
            return #"{"id":"m-\#(number % 20)","t":\#(text(any, 2)),"state":"\#(state)"}"#
        case .states:
            let states = ["idle", "running", "stopped", "fault", "service"]
            return states[Int.random(in: states.indices, using: &seed)]
        case .logLines:
            let level = ["INFO", "WARN", "DEBUG"][Int.random(in: 0...2, using: &seed)]
            let hall = ["north", "south", "upper"][number % 3]
            let after = Int.random(in: 1...900, using: &seed)
            return
                "\(level) valve \(number % 9) in hall \(hall) read \(text(any, 1)) C after \(after) ms at \(seconds)"
        case .batches:
            let readings = (0..<8).map {
                #"{"t":\#(seconds + $0),"v":\#(text(walks[0] + Double($0) / 100, 2))}"#
            }
            return "[" + readings.joined(separator: ",") + "]"
        case .twoKinds:
            return number % 3 == 0
                ? #"{"alarm":\#(number),"text":"pressure too high in line \#(number % 4)"}"#
                : #"{"ts":\#(time),"values":[\#(number),\#(number % 13),\#(text(walks[1], 2))]}"#
        case .randomHex: return hex(24)
        case .jsonEvent: return #"{"event_id":"\#(hex(8))","kind":"open"}"#
        default: return ""
        }
    }
}
