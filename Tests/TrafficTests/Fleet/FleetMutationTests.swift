import Foundation
import Measure
import Testing
import Traffic

/// Descriptions that somebody got wrong: refused in one sentence, or played.
@Suite struct FleetMutationTests {
    private static let odd = [
        "0", "1", "-1", "1000000", "999999999999999999999", "1e308", "\"\"", "\"{\"",
        "\"{device}\"",
        "\"0s\"", "\"1ms\"", "\"366d\"", "\"99999999d\"", "{}", "[]", "null", "true", "never",
        "\"#\"",
        "\"\\u0000\"", "\"$share//x\"", "{ min = 5, max = 1 }", "{ p50 = 0, p99 = 0 }",
        "4294967295",
    ]

    /// A few lines are left out, doubled, or given another value.
    private func mutated(_ text: String, _ seed: inout Seed) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        func draw(_ count: Int) -> Int { Int(seed.next() % UInt64(count)) }
        for _ in 0...draw(3) {
            let place = draw(lines.count)
            switch draw(5) {
            case 0: lines.remove(at: place)
            case 1: lines.insert(lines[draw(lines.count)], at: place)
            default:
                guard let sign = lines[place].lastIndex(of: "=") else { continue }
                lines[place] = lines[place][...sign] + " " + Self.odd[draw(Self.odd.count)]
            }
        }
        return lines.joined(separator: "\n")
    }

    @Test(arguments: shippedFleets) func damagedDescriptionsAreRefusedOrPlayed(_ name: String)
        throws
    {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Profiles/fleets/\(name).conf")
        let text = try String(contentsOf: path, encoding: .utf8)
        var seed = Seed(4).branch(name)
        var (refused, played) = (0, 0)
        for round in 0..<60 {
            let damaged = mutated(text, &seed)
            guard var fleet = try? fleet(damaged).scaled(toDevices: 3) else {
                refused += 1
                let sentence = fault(damaged)
                #expect(sentence.hasPrefix("test.conf:"), "\(round): \(sentence)")
                continue
            }
            guard fleet.clientCount < 100, fleet.streamCount < 10_000 else { continue }
            played += 1
            fleet.duration = 40 * .second
            var checker = ProtocolChecker()
            fleet.emit(into: &checker, seed: 1) { $0.bytes < 1 << 18 }
            #expect(checker.faults == [], "\(round)")
        }
        #expect(refused > 5)
        #expect(played > 10)
    }
}
