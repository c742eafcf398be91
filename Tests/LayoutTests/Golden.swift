import Foundation
import Layout
import MQTT
import Testing

/// Rows that EMQX 5.8.9 wrote. They lie beside the project, not in it: without them the tests that compare
/// with them have nothing to compare with and are skipped.
struct GoldenRow: CustomTestStringConvertible, Sendable {
    let columns: [String: String]

    static let shared = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "../shared/golden")
    static let file = shared.appending(path: "emqx-5.8.9-rows.tsv")
    static let exists = FileManager.default.fileExists(atPath: file.path)

    static func rows(_ group: String) throws -> [GoldenRow] {
        let text = try String(contentsOf: file, encoding: .utf8)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
        guard let names = lines.first else { return [] }
        return lines.dropFirst().map { line in
            GoldenRow(columns: Dictionary(zip(names, line)) { first, _ in first })
        }
        .filter { $0["row"].hasPrefix(group + ":") }
    }

    subscript(_ name: String) -> String { columns[name] ?? "" }
    var testDescription: String { self["row"] }

    var topic: [UInt8] { Array(self["topic"].utf8) }
    var payload: [UInt8] { bytes(hex: self["payload_hex"]) }
    var key: [UInt8] { bytes(hex: self["key_hex"]) }
    var indexKeys: [UInt8] { bytes(hex: self["index_keys_hex"].filter(\.isHexDigit)) }
    var value: [UInt8] { value(.v1) }
    func value(_ format: ValueFormat) -> [UInt8] {
        bytes(hex: self[format == .v1 ? "value_v1_hex" : "value_asn1_hex"])
    }
    var timestamp: UInt64 { key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) } }
    var qos: QoS { UInt8(self["qos"]).flatMap(QoS.init(rawValue:)) ?? .atMostOnce }
    var retain: Bool { self["retain"] == "1" }

    func publisher(_ format: ValueFormat) -> PublisherHeader? {
        guard let port = UInt16(self["port"]), let address = address(of: self["peer_ip"]),
            let peer = PeerAddress(bytes: address, port: port),
            let version = UInt8(self["version"]).flatMap(ProtocolVersion.init(rawValue:))
        else { return nil }
        let name = self["username"]
        return PublisherHeader(
            clientID: self["clientid"], peer: peer, version: version,
            username: name.isEmpty ? nil : name, format: RowFormat(values: format))
    }

    /// As an MQTT 5 client may have sent them.
    var properties: [UInt8] {
        var list: [UInt8] = []
        for pair in self["user_properties"].split(separator: ";") {
            let sides = pair.split(separator: "=", omittingEmptySubsequences: false)
            list += [0x26] + field(sides[0].utf8) + field(sides[1].utf8)
        }
        for pair in self["other_properties"].split(separator: ";") {
            let sides = pair.split(separator: "=").map(String.init)
            switch sides[0] {
            case "rt": list += [0x08] + field(sides[1].utf8)
            case "cd": list += [0x09] + field(bytes(hex: sides[1]))
            default: list += [0x01, UInt8(sides[1]) ?? 0]
            }
        }
        if let expiry = UInt32(self["expiry"]) {
            list += [0x02] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: expiry >> UInt32($0)) }
        }
        let type = self["content_type"]
        if !type.isEmpty { list += [0x03] + field(type.utf8) }
        return list
    }
}

private func address(of text: String) -> [UInt8]? {
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
    var six = in6_addr()
    if inet_pton(AF_INET6, text, &six) == 1 { return withUnsafeBytes(of: &six) { Array($0) } }
    return nil
}

/// A length in two bytes, and the bytes.
func field(_ bytes: some Collection<UInt8>) -> [UInt8] {
    [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
}

func bytes(hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue).map(UInt8.init)
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
