import Foundation
import MQTT
import Measure
import TestSupport
import Testing
import Traffic

/// Converts to a file whose name says the format.
@discardableResult
func convert(
    _ inputs: [String], to path: String, _ change: (inout Conversion) -> Void = { _ in }
) throws -> Conversion.Outcome {
    let format = try #require(ConversionFormat(path: path))
    var conversion = Conversion(to: format)
    change(&conversion)
    return try conversion.run(inputs, to: OutputFile(path: path))
}

/// What converting `input` fails with.
func conversionFailure(_ input: String) throws -> String? {
    let scratch = ScratchDirectory()
    do throws(ConversionError) {
        let output: OutputFile
        do { output = try OutputFile(path: scratch("out.dstrace")) } catch { return "\(error)" }
        _ = try Conversion(to: .dstrace).run([input], to: output)
        return nil
    } catch {
        switch error {
        case .reading(let error): return error.description
        case .writing(let error): return error.description
        }
    }
}

func inspectionFailure(_ path: String) throws -> String? {
    do throws(CaptureError) {
        _ = try Inspection(captures: [path])
        return nil
    } catch { return error.description }
}

func lines(_ path: String) throws -> [String] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
}

func bytes(_ path: String) throws -> [UInt8] {
    try Array(Data(contentsOf: URL(fileURLWithPath: path)))
}

func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}

/// Numbers of an inspection that do not depend on what file was read.
func content(_ inspection: Inspection) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let data = try encoder.encode(inspection)
    var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    object["captures"] = nil
    let sorted = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
    return String(decoding: sorted, as: UTF8.self)
}

/// An observer that writes a trace, for tests that make their own events.
struct EventMaker {
    var writer: TraceWriter
    var time: Int64 = 1_700_000_000_000_000_000

    init(_ path: String) throws { writer = TraceWriter(try OutputFile(path: path)) }

    mutating func open(_ connection: Int, port: UInt16 = 50_000) {
        let peer = Endpoint(address: [192, 0, 2, 7], port: port)
        writer.opened(connection, client: peer, at: time)
    }

    mutating func send(
        _ packet: Packet, on connection: Int, _ direction: Direction = .toBroker,
        version: ProtocolVersion = .v5
    ) throws {
        try send(packet.bytes(version), on: connection, direction, version: version)
    }

    mutating func send(
        _ bytes: [UInt8], on connection: Int, _ direction: Direction = .toBroker,
        version: ProtocolVersion = .v5
    ) throws {
        time += 1_000_003
        let content = try DecodedPacket.Content(bytes.span.bytes, version: version)
        let type = try #require(PacketType(rawValue: bytes[0] >> 4))
        writer.received(
            DecodedPacket(
                connection: connection, direction: direction, time: time, type: type,
                version: version, content: content), bytes.span.bytes)
    }

    mutating func close(_ connection: Int, _ ending: Ending = .fin) {
        writer.closed(connection, version: .v5, ending, at: time)
    }
}
