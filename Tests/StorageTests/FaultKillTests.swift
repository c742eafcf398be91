import Foundation
import Glibc
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// SIGKILL at random moments: what was reported committed is there, and writing goes on.
///
/// `DSTUNE_CRASH_ROUNDS` says how often; 20 in `swift test`, 200 in `make nightly`. `DSTUNE_CRASH_SEED` repeats
/// a failure.
@Suite struct FaultKillTests {
    static let rounds =
        ProcessInfo.processInfo.environment["DSTUNE_CRASH_ROUNDS"].flatMap { Int($0) } ?? 20
    static let seed =
        ProcessInfo.processInfo.environment["DSTUNE_CRASH_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 0...UInt64.max)

    /// A directory is killed in so often before a new one takes its place: what a recovery leaves has to
    /// survive the next kill as well, and reading all of it should not take long.
    private static let roundsOfADirectory = 5
    private static let most = 20_000
    static let shards = 3

    /// Small memtables, so that kills also meet flushes and compactions.
    static let options = StoreOptions.test(
        ["n_shards": Int64(shards), "local_write_buffer.max_items": 20], miniature: 512)

    /// The same in the child, which sends it, and in the parent, which knows by its number what was sent.
    static func message(_ number: Int, round: Int) -> Message {
        let client = "client-\(number % 11)"
        return Message(
            client: client, topic: "site/\(number % 5)/device/\(number * 7 % 61)",
            payload: Array("\(client):\(round):\(number)".utf8))
    }

    /// Writes until it is killed; its ledger is a pipe, where a dead process can take nothing back.
    ///
    /// A line: process id, then for each shard how many messages were reported committed.
    static func writeUntilKilled(_ path: String, _ ledger: String, round: Int) throws {
        let pipe = open(ledger, O_WRONLY)
        let store = try ShardedStore(at: path, options, on: RocksEngine())
        var number = 0
        while true {
            if number < most, store.depth < 500 {
                for _ in 0..<50 {
                    store.submit(message(number, round: round))
                    number += 1
                }
            } else {
                usleep(200)
            }
            let counts = (0..<shards).map { "\(store.committed(in: $0))" }
            let line = ([String(getpid())] + counts).joined(separator: " ") + "\n"
            _ = line.withCString { write(pipe, $0, strlen($0)) }
        }
    }

    @Test func whatWasCommittedSurvivesAKillAtAnyMoment() async throws {
        var chance = Seed(Self.seed).branch("kill")
        var scratch = ScratchDirectory()
        var kept: [[Row]] = []
        for round in 0..<Self.rounds {
            if round % Self.roundsOfADirectory == 0 {
                scratch = ScratchDirectory()
                kept = Array(repeating: [], count: Self.shards)
            }
            let ledger = scratch("ledger-\(round)")
            #expect(mkfifo(ledger, 0o600) == 0)
            let reader = open(ledger, O_RDWR)
            defer { close(reader) }
            // Some die while they open, most while they write.
            let delay = UInt32.random(in: 0..<60_000, using: &chance)
            let killer = Task.detached { Self.killAfter(delay, writerTo: reader) }
            let path = scratch("store")
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, ledger = ledger as String, round = round as Int] in
                try FaultKillTests.writeUntilKilled(path, ledger, round: round)
            }
            let reported = await killer.value
            kept = try check(
                path, round: round, reported: reported, before: kept,
                "round \(round), DSTUNE_CRASH_SEED=\(Self.seed)")
        }
    }

    /// Reads the ledger until its time has come, kills, and reads what had been written by then.
    /// - Returns: messages of each shard that were reported committed.
    private static func killAfter(_ delay: UInt32, writerTo ledger: Int32) -> [Int] {
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        var deadline: MonotonicTime?
        var killed = false
        while true {
            var poll = pollfd(fd: ledger, events: Int16(POLLIN), revents: 0)
            let ready = Glibc.poll(&poll, 1, killed ? 0 : 1)
            if ready > 0 {
                let count = read(ledger, &piece, piece.count)
                if count > 0 { text += piece[..<count] }
            } else if killed {
                break
            }
            guard !killed, let line = lines(text).last, let process = line.first else { continue }
            let due = deadline ?? .now() + .microseconds(Int64(delay))
            deadline = due
            if MonotonicTime.now() >= due {
                kill(pid_t(process), SIGKILL)
                // What it wrote before is in the pipe once it is gone.
                while kill(pid_t(process), 0) == 0, !isGone(process) { usleep(100) }
                killed = true
            }
        }
        return lines(text).last.map { Array($0.dropFirst()) } ?? Array(repeating: 0, count: shards)
    }

    /// A killed process stays in the table until its parent has asked for it.
    private static func isGone(_ process: Int) -> Bool {
        let state = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        return state.contains(") Z ") || state.isEmpty
    }

    /// Whole lines only: the last one may have been cut off.
    private static func lines(_ text: [UInt8]) -> [[Int]] {
        guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let start = text[..<end].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let numbers = String(decoding: text[start..<end], as: UTF8.self).split(separator: " ")
            .compactMap { Int($0) }
        return numbers.count == shards + 1 ? [numbers] : []
    }

    /// Every shard holds what it held before, and then exactly the first so many messages of this round, no
    /// fewer than were reported: none invented, none twice, none out of its publisher's order.
    private func check(
        _ path: String, round: Int, reported: [Int], before: [[Row]], _ comment: Comment
    ) throws -> [[Row]] {
        let store = try ShardedStore(at: path, Self.options, on: RocksEngine())
        defer { store.close() }
        var sent: [[Message]] = Array(repeating: [], count: Self.shards)
        for number in 0..<Self.most {
            let message = Self.message(number, round: round)
            sent[publisher(message.client, shards: Self.shards).shard].append(message)
        }
        var after: [[Row]] = []
        for shard in 0..<Self.shards {
            let rows = try store.rows(matching: "#", in: shard)
            let new = rows.count - before[shard].count
            #expect(new >= reported[shard], comment)
            guard new >= 0, new <= sent[shard].count else {
                Issue.record(comment)
                return before
            }
            let expected =
                before[shard] + sent[shard].prefix(new).map { Row($0) }
            #expect(lanes(rows) == lanes(expected), comment)
            after.append(rows)
        }
        // And it goes on: what is written now joins the streams that were learned.
        let streams = (0..<Self.shards).map { store.streamCount(in: $0) }
        let more = (0..<60).map { Self.message($0, round: 1_000 + round) }
        for message in more { store.submit(message) }
        try wait("commit") { store.committed == more.count }
        #expect(store.failure == nil, comment)
        for shard in 0..<Self.shards {
            let rows = try store.rows(matching: "#", in: shard)
            let mine = more.filter { publisher($0.client, shards: Self.shards).shard == shard }
            #expect(lanes(rows) == lanes(after[shard] + mine.map { Row($0) }), comment)
            #expect(store.streamCount(in: shard) >= streams[shard], comment)
            after[shard] = rows
        }
        return after
    }
}
