import Foundation
import Knobs
import Storage
import TestSupport
import Testing

/// How a diagnosis reads, and what it does not tell when it is redacted.
@Suite struct DiagnoseTextTests {
    /// A word that no file of RocksDB, no option and no path has.
    private static let secret = "xyzzy"

    /// A directory of EMQX 6, whose keys hold topic levels, with a log and a warning that quote them.
    private func write(_ scratch: ScratchDirectory) throws {
        let secret = Self.secret
        try FileManager.default.createDirectory(
            atPath: scratch("messages"), withIntermediateDirectories: true)
        let options = StoreOptions(
            engine: .emqx60Local, setting: EngineModel.emqx60Local.standardSetting)
        var one = options
        one.setting["n_shards"] = 1
        let store = try ShardedStore(at: scratch("messages"), one, on: RocksEngine())
        for number in 0..<60 {
            store.submit(
                Message(
                    client: "\(secret)-client", topic: "\(secret)-site/\(secret)\(number)/state",
                    payload: Array("\(secret)-payload".utf8)))
        }
        store.close()
        let hex = Array(secret.utf8).map { String($0, radix: 16) }.joined()
        let line =
            "2025/03/02-08:00:00.000002 7f01 [ERROR] [db/compaction/compaction_job.cc:12] Corruption: "
            + "key '\(secret)12' \(secret) seq:1 \(hex) after \(secret)-client\n"
        try Data(line.utf8).write(
            to: URL(fileURLWithPath: scratch("messages/0/LOG.old.1700000000000000")))
    }

    /// Fails if findings are kept as they were, or if the log's last error is.
    @Test func aRedactedDiagnosisNamesNobodyAndNothing() throws {
        let scratch = ScratchDirectory()
        try write(scratch)
        let whole = try DiagnoseTests.diagnose(scratch.path)
        #expect(whole.text().contains(Self.secret))
        let redacted = whole.redacted()
        let json = String(decoding: try JSONEncoder().encode(redacted), as: UTF8.self)
        let hex = Array(Self.secret.utf8).map { String($0, radix: 16) }.joined()
        for text in [redacted.text(), json] {
            #expect(!text.contains(Self.secret), "\(text)")
            #expect(!text.contains(hex))
        }
        #expect(redacted.topics.map(\.pattern) == ["…/+/…"])
        let finding = try #require(redacted.findings.first { $0.rule == "log_errors" })
        #expect(
            finding.examples == [
                "shard 0: 2025/03/02-08:00:00.000002 7f01 [ERROR] [db/compaction/compaction_job.cc:12] "
                    + "Corruption …"
            ])
        #expect(redacted.findings.map(\.rule) == whole.findings.map(\.rule))
        #expect(redacted.total.model == whole.total.model)
    }

    @Test func linesFitAHundredColumns() throws {
        let scratch = ScratchDirectory()
        try write(scratch)
        let text = try DiagnoseTests.diagnose(scratch.path).text()
        for line in text.split(separator: "\n") where line.count > 100 {
            #expect(
                !line.drop { $0 == " " }.contains(" "),
                "more than one word in \(line.count): \(line)")
        }
        #expect(text.contains("skipstream_lts_v2, asn1 values, OTP 26 (or later) atoms"))
    }
}
