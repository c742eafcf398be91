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
    /// - `qos2_everywhere`: all that were told.
    /// - `contradictory_clean`: those that speak version 5, of 3 and 23 that were told: 3 and 17.
    /// - `retained_alert`: those that had something to alert of, of 1 and 15: none and 14.
    /// - `no_expiry`: those that speak version 5, of 8 and 59; alerts of theirs have an expiry all the same.
    /// - `no_will`: those that sent anything, of 5 and 33: 5 and 28; and the dashboard, which sends commands and
    ///   has no will.
    /// - `stale_command`: the dashboard, whose commands never expire.
    private static let wire: [String: [String: Int]] = [
        "fleet-60": [
            "qos2_everywhere": 4, "no_expiry": 6, "contradictory_clean": 3, "no_will": 6,
            "stale_command": 1,
        ],
        "fleet-400": [
            "qos2_everywhere": 15, "retained_alert": 14, "no_expiry": 39,
            "contradictory_clean": 17, "no_will": 29, "stale_command": 1,
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
        for (sin, told) in truth {
            let dashboard = sin == "no_will" ? 1 : 0
            #expect((found[sin] ?? 0) <= told + dashboard, "\(sin)")
        }
    }
}
