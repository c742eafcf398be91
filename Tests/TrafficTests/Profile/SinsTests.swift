import Foundation
import Testing
import Traffic

/// The rules against fleets whose sensors were told to break them.
struct SinsTests {
    private struct Truth: Decodable {
        let sins: [String: Int]
    }

    /// What the wire shows, counted from tshark's output by a script of its own, beside what sensors were told.
    ///
    /// - `qos2_everywhere`, `contradictory_clean`: as many as were told, where they speak version 5 if they need
    ///   to and sent enough.
    /// - `retained_alert`, `no_expiry`: those of them that sent an alert; expiry only in version 5.
    /// - `no_will`: as many as were told, and the dashboard, which sends commands and has no will.
    /// - `stale_command`: the dashboard, whose commands never expire.
    private static let wire: [String: [String: Int]] = [
        "fleet-60": [
            "qos2_everywhere": 4, "retained_alert": 1, "no_expiry": 5, "contradictory_clean": 3,
            "no_will": 6, "stale_command": 1,
        ],
        "fleet-400": [
            "qos2_everywhere": 15, "retained_alert": 15, "no_expiry": 49,
            "contradictory_clean": 23, "no_will": 34, "stale_command": 1,
        ],
    ]

    private static let files = ["fleet-60": "pcap.gz", "fleet-400": "pcap.zst"]

    // Skipped where the recordings are not at hand.
    @Test(.enabled(if: GoldenTests.hasShared), arguments: files.keys.sorted())
    func whatSensorsWereToldIsFoundAsFarAsTheWireShowsIt(_ name: String) throws {
        let path = GoldenTests.shared + "/" + name
        let truth = try JSONDecoder().decode(
            Truth.self, from: Data(contentsOf: URL(fileURLWithPath: path + ".truth.json"))
        ).sins
        let ending = try #require(Self.files[name])
        let inspection = try Inspection(captures: ["\(path).\(ending)"])
        let found = Dictionary(
            uniqueKeysWithValues: inspection.findings.map { ($0.rule, $0.count) })
        #expect(found == Self.wire[name])
        for (sin, told) in truth where sin != "no_will" {
            #expect((found[sin] ?? 0) <= told, "\(sin)")
        }
    }
}
