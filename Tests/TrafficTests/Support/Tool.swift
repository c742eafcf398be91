import Foundation
import TestSupport

/// A program of Wireshark or tcpdump that tests make captures with, and compare with.
enum Tool: String {
    case tshark
    case tcpdump
    case editcap
    case mergecap

    var path: String { "/usr/bin/" + rawValue }

    /// In CI they have to be there: a test that needs them fails if they are not.
    static let areThere =
        ProcessInfo.processInfo.environment["CI"] == "true"
        || [tshark, tcpdump, editcap, mergecap].allSatisfy {
            FileManager.default.isExecutableFile(atPath: $0.path)
        }

    @discardableResult
    func run(_ arguments: [String], in folder: String) throws -> String {
        let outcome = try Command.run(
            arguments, of: URL(fileURLWithPath: path), in: folder,
            environment: ["HOME": folder])
        guard outcome.code == 0 else {
            throw Failed(tool: rawValue, code: outcome.code, errors: outcome.errors)
        }
        return outcome.output
    }

    struct Failed: Error {
        let tool: String
        let code: Int32
        let errors: String
    }

    /// Every value that tshark gives the fields asked for, in order.
    static func fields(_ arguments: [String], in folder: String) throws -> [String] {
        try tshark.run(["-T", "fields"] + arguments, in: folder)
            .split { $0 == "\n" || $0 == "," }.map(String.init)
    }

    /// How many MQTT packets of each type tshark finds, by the number of the type.
    static func packets(in file: String, of folder: String) throws -> [Int: Int] {
        let types = try fields(
            [
                "-r", file, "-o", "tcp.reassemble_out_of_order:TRUE", "-Y", "mqtt", "-e",
                "mqtt.msgtype",
            ], in: folder)
        return types.compactMap { Int($0) }.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
