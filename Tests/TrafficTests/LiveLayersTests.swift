import Foundation
import MQTT
import TestSupport
import Testing
import Traffic

/// Traffic between mosquitto and paho over WebSocket and TLS, recorded by tcpdump while the test runs, against
/// what the clients did and what tshark decodes.
struct LiveLayersTests {
    private static let programs = [
        "/usr/sbin/mosquitto", "/usr/bin/tcpdump", "/usr/bin/openssl", "/usr/bin/tshark",
    ]
    private static let isCI = ProcessInfo.processInfo.environment["CI"] == "true"
    private static let mayRecord =
        seesPackets
        && (isCI
            || RealClient.hasPython
                && programs.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) })

    /// Some containers do not let even root record.
    private static var seesPackets: Bool {
        let socket = socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0)
        if socket >= 0 { close(socket) }
        return socket >= 0
    }

    /// OpenSSL's names of the suites of TLS 1.2 and 1.3 that are decrypted.
    private static let oldSuites = [
        "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "AES256-GCM-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
    ]
    private static let newSuites = [
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    ]

    @Test(
        .enabled(
            if: mayRecord,
            "needs the right to record, and mosquitto, tcpdump, tshark, openssl and paho"))
    func everyLayerIsDecodedAsTheClientsSpoke() async throws {
        let scratch = ScratchDirectory()
        let ports = try freePorts(2 + 1 + Self.newSuites.count)
        try await certificate(scratch)
        try Data(configuration(scratch, ports).utf8).write(
            to: URL(fileURLWithPath: scratch("mosquitto.conf")))
        let broker = try Command.start(
            ["-c", scratch("mosquitto.conf")], of: URL(fileURLWithPath: Self.programs[0]),
            in: scratch.path)
        defer { kill(broker.processIdentifier, SIGKILL) }
        let capture = try await record(scratch, ports)
        defer { kill(capture.processIdentifier, SIGKILL) }
        try await waitForBroker(ports)
        let known = try await talk(scratch, ports)
        let options = ReadingOptions(tlsKeyLog: scratch("keys.log"))
        func inspect() throws -> Inspection {
            try Inspection(captures: [scratch("live.pcap")], options: options)
        }
        // tcpdump writes a packet when it comes to it, which may be later than the clients end.
        try await wait("everything is captured") {
            try inspect().packets.filter { $0.value > 0 } == known
        }
        kill(capture.processIdentifier, SIGKILL)
        let inspection = try inspect()
        #expect(inspection.packets.filter { $0.value > 0 } == known)
        #expect(inspection.quality.encryptedConnections == 0, "\(inspection.quality.reasons)")
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.connectionsWithoutConnect == 0)
        try await expectTsharkAgrees(inspection, scratch, ports)

        let blind = try Inspection(captures: [scratch("live.pcap")])
        #expect(blind.tcpStreams == 2)
        let encrypted = 1 + Self.oldSuites.count + Self.newSuites.count + 4
        #expect(blind.quality.encryptedConnections == encrypted)
    }

    /// tshark 4.0 shows what is in WebSocket frames and does not take it for MQTT.
    private func expectTsharkAgrees(
        _ inspection: Inspection, _ scratch: ScratchDirectory, _ ports: [Int]
    ) async throws {
        let plain = try await tshark(
            scratch, "mqtt", ["mqtt.msgtype"],
            ports[2...].flatMap { ["-d", "tcp.port==\($0),tls", "-d", "tls.port==\($0),mqtt"] })
        let types = plain.split(whereSeparator: { $0 == "\n" || $0 == "," })
        let framed = try await tshark(
            scratch, "websocket", ["tcp.stream", "tcp.srcport", "data.data"],
            [
                "tcp.port==\(ports[0]),http", "tcp.port==\(ports[1]),tls",
                "tls.port==\(ports[1]),http",
            ]
            .flatMap { ["-d", $0] })
        var streams: [String: [UInt8]] = [:]
        for line in framed.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            try #require(fields.count == 3)
            let digits = Array(fields[2].utf8.filter { $0 != UInt8(ascii: ",") })
            streams["\(fields[0]) \(fields[1])", default: []] += stride(
                from: 0, to: digits.count, by: 2
            ).map {
                UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16) ?? 0
            }
        }
        let packets = try streams.values.reduce(0) { try $0 + countPackets($1) }
        #expect(types.count + packets == inspection.packets.values.reduce(0, +))
    }

    private func countPackets(_ bytes: [UInt8]) throws -> Int {
        var (offset, count) = (0, 0)
        while offset < bytes.count {
            offset += try FixedHeader.read(bytes.span.bytes, at: offset).packetLength
            count += 1
        }
        return count
    }

    private func tshark(
        _ scratch: ScratchDirectory, _ filter: String, _ fields: [String], _ more: [String]
    ) async throws -> String {
        let arguments =
            [
                "-r", scratch("live.pcap"), "-o", "tls.keylog_file:" + scratch("keys.log"), "-o",
                "tcp.reassemble_out_of_order:TRUE", "-Y", filter, "-T", "fields",
            ] + fields.flatMap { ["-e", $0] } + more
        let outcome = try await blocking {
            try Command.run(
                arguments, of: URL(fileURLWithPath: Self.programs[3]), in: scratch.path)
        }
        try #require(outcome.code == 0, "\(outcome.errors)")
        return outcome.output
    }

    /// - Returns: packets by the name of their type.
    private func talk(_ scratch: ScratchDirectory, _ ports: [Int]) async throws -> [String: Int] {
        let plan: [String: Any] = [
            "ws": ports[0], "wss": ports[1],
            "tls12": Self.oldSuites.map { [ports[2], $0] as [Any] },
            "tls13": Array(ports[3...]),
        ]
        let json = String(decoding: try JSONSerialization.data(withJSONObject: plan), as: UTF8.self)
        let script = Folder.package.appendingPathComponent("Tests/TrafficTests/Clients/layers.py")
        let outcome = try await blocking {
            try Command.run(
                ["-B", script.path, scratch("keys.log"), scratch("certificate.pem"), json],
                of: RealClient.python, in: scratch.path)
        }
        try #require(outcome.code == 0, "\(outcome.errors)")
        return try JSONDecoder().decode([String: Int].self, from: Data(outcome.output.utf8))
    }

    private func record(_ scratch: ScratchDirectory, _ ports: [Int]) async throws -> Process {
        let log = scratch("tcpdump.log")
        try Data().write(to: URL(fileURLWithPath: log))
        let filter = ports.map { "tcp port \($0)" }.joined(separator: " or ")
        let process = try Command.start(
            ["-i", "lo", "-U", "-B", "16384", "-s", "0", "-w", scratch("live.pcap"), filter],
            of: URL(fileURLWithPath: Self.programs[1]), in: scratch.path,
            errors: FileHandle(forWritingTo: URL(fileURLWithPath: log)))
        try await wait("tcpdump listens") {
            try String(contentsOfFile: log, encoding: .utf8).contains("listening on")
        }
        return process
    }

    private func waitForBroker(_ ports: [Int]) async throws {
        for port in ports {
            try await wait("mosquitto listens on \(port)") { (try? WireClient(port: port)) != nil }
        }
    }

    private func wait(_ what: String, _ isSo: () throws -> Bool) async throws {
        for _ in 0..<500 {
            if try isSo() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("waited in vain: \(what)")
    }

    private func certificate(_ scratch: ScratchDirectory) async throws {
        let outcome = try await blocking {
            try Command.run(
                [
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-keyout", scratch("key.pem"), "-out",
                    scratch("certificate.pem"),
                ], of: URL(fileURLWithPath: Self.programs[2]), in: scratch.path)
        }
        try #require(outcome.code == 0, "\(outcome.errors)")
    }

    private func configuration(_ scratch: ScratchDirectory, _ ports: [Int]) -> String {
        let tls = "certfile \(scratch("certificate.pem"))\nkeyfile \(scratch("key.pem"))\n"
        func listener(_ port: Int, _ rest: String) -> String {
            "listener \(port) 127.0.0.1\n" + rest
        }
        return "user root\nallow_anonymous true\npersistence false\nlog_type error\n"
            + listener(ports[0], "protocol websockets\n")
            + listener(ports[1], "protocol websockets\n" + tls) + listener(ports[2], tls)
            + zip(ports[3...], Self.newSuites).map {
                listener($0, tls + "ciphers_tls1.3 \($1)\n")
            }.joined()
    }

    /// Ports that nobody had a moment ago.
    private func freePorts(_ count: Int) throws -> [Int] {
        let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
        defer { sockets.forEach { close($0) } }
        return try sockets.map { socket in
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
                }
            }
            try #require(result)
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }
}
