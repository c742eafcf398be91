import Advisor
import Foundation
import HOCON
import Knobs
import Measure
import Study
import StudyFixtures
import Testing

/// What a person pastes into production: nothing in it may stop a node, and nothing in it may be
/// something else than what was measured.
@Suite struct ConfigurationFilesTests {
    private static let date: UInt64 = 1_700_000_000_000

    private static func files(
        _ dialect: Dialect, seed: UInt64, reachable: [String], newDatabase: Bool = false,
        interval: Double = 0.7
    ) -> (Recommendation, StudyPlan, ConfigurationFiles) {
        let searched = Fixture.searched + ["n_shards", "max_write_buffer_number"]
        var plan = Fixture.plan(
            knobs: searched, reachable: reachable.filter(searched.contains), seed: seed,
            engine: dialect.standardEngine ?? "")
        plan.newDatabase = newDatabase
        let records = Fixture.run(
            plan, answer: RecommendationTests.answer(interval: interval, seed: seed))
        let advice = Recommendation(
            plan: plan, records: records, dialect: dialect, resamples: 1_000)
        return (advice, plan, ConfigurationFiles(advice, plan: plan, date: date))
    }

    private static func live(_ text: String) throws -> [String] {
        try HOCONValue(parsing: text, file: "emqx.conf").leaves.map(\.path)
    }

    @Test(arguments: Dialect.catalogue.map(\.id), [false, true])
    func liveLinesAreExactlyWhatWasMeasuredAndAccepted(_ id: String, _ newDatabase: Bool) throws {
        let dialect = try #require(Dialect.catalogue.first { $0.id == id })
        let reachable = dialect.settableKnobs(newDatabase: newDatabase).map(\.id)
        var changed = 0
        for seed in 1...4 as ClosedRange<UInt64> {
            let (advice, plan, files) = Self.files(
                dialect, seed: seed, reachable: reachable, newDatabase: newDatabase)
            let lines = try Self.live(files.emqx)
            let measured = advice.change?.setting ?? plan.control
            let expected = measured.differences(from: plan.control)
            let paths = expected.compactMap { knob -> String? in
                switch dialect.reach(of: knob) {
                case .live(let path, _), .newDatabaseOnly(let path): path
                case .notSettable: nil
                }
            }
            #expect(paths.count == expected.count && Set(lines) == Set(paths), "\(id), \(seed)")
            for path in lines { #expect(dialect.verdict(of: path) == .live, "\(id), \(seed)") }
            if advice.change != nil { changed += 1 }
            let back = try Self.live(files.rollback)
            #expect(Set(back).isSubset(of: Set(lines)))
        }
        // Otherwise the above would have looked at empty files only.
        // What the fixture's answer depends on.
        let turned = Fixture.searched
        #expect((changed > 0) == reachable.contains(where: turned.contains), "\(id)")
    }

    @Test func withoutAGainThereIsNoLiveLineAndAReason() throws {
        let (advice, _, files) = Self.files(
            RecommendationTests.dialect(), seed: 1, reachable: Fixture.reachable, interval: 1)
        #expect(advice.change == nil)
        #expect(try Self.live(files.emqx).isEmpty)
        #expect(try Self.live(files.rollback).isEmpty)
        #expect(files.emqx.contains("# Nothing to change"))
        #expect(files.emqx.contains("# Measured and not recommended:"))
    }

    @Test func whatCannotBeLiveIsACommentWithItsReason() throws {
        let (advice, _, files) = Self.files(
            RecommendationTests.dialect(), seed: 1, reachable: Fixture.reachable)
        let overall = try #require(advice.overall)
        let unreachable = overall.changes.filter { $0.reach.tier != .r0 }
        #expect(!unreachable.isEmpty)
        for change in unreachable {
            #expect(files.emqx.contains("# - \(change.words) (\(change.reach.tier.rawValue)): "))
        }
    }

    @Test func enterpriseEditionIsToldThatRaftWasNotMeasured() {
        for version in ["5.9", "5.10"] {
            let (advice, _, files) = Self.files(
                RecommendationTests.dialect(version, nil), seed: 1, reachable: Fixture.reachable)
            #expect(files.emqx.contains("builtin_raft"), "\(version)")
            #expect(advice.warnings.contains { $0.contains("builtin_raft") }, "\(version)")
        }
        let (_, _, enterprise) = Self.files(
            RecommendationTests.dialect("5.8", "ee"), seed: 1, reachable: Fixture.reachable)
        #expect(enterprise.emqx.contains("builtin_raft"))
        let (_, _, community) = Self.files(
            RecommendationTests.dialect("5.8", "ce"), seed: 1, reachable: Fixture.reachable)
        #expect(!community.emqx.contains("builtin_raft"))
    }

    @Test func styleFileHoldsEveryKnobAndReadsBack() throws {
        let (advice, _, files) = Self.files(
            RecommendationTests.dialect(), seed: 1, reachable: Fixture.reachable)
        let read = try SettingFile(
            reading: HOCONValue(parsing: files.emqxStyle, file: "emqx-style.conf"), for: nil)
        #expect(read.setting == advice.changeForOwnBroker?.setting)
        for knob in Knob.catalogue {
            #expect(
                files.emqxStyle.contains(String(knob.articlePath.split(separator: ".").last ?? "")))
        }
    }

    @Test func headerSaysFromWhatAndWhen() {
        let (_, _, files) = Self.files(
            RecommendationTests.dialect(), seed: 1, reachable: Fixture.reachable)
        for text in [files.emqx, files.emqxStyle, files.rollback] {
            #expect(text.hasPrefix("# Written by dstune 0.1.0 on 2023-11-14 from fleet.pcap."))
        }
    }
}
