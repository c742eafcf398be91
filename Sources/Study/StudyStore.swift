internal import Foundation
internal import GRDB
internal import Glibc
internal import Knobs
internal import Measure

/// A study on disk: its plan and every finished trial, in `study.sqlite`.
///
/// A trial is in it whole or not at all, and once `finish` has returned it survives SIGKILL and the
/// loss of power. The file uses a rollback journal, not a WAL: there is one writer that commits every
/// few minutes, and a study then is one file that can be copied whenever nobody runs it. With that
/// journal `synchronous = EXTRA` is needed, because FULL leaves the removal of the journal unsynced,
/// and its return after a power loss would take the last trial back.
package final class StudyStore: Sendable {
    package enum Purpose: Sendable { case running, reading }

    package let directory: StudyDirectory
    package let plan: StudyPlan
    private let database: DatabaseQueue
    /// nil when reading.
    private let lock: StudyLock?

    private init(
        _ directory: StudyDirectory, plan: StudyPlan, database: DatabaseQueue, lock: StudyLock?
    ) {
        self.directory = directory
        self.plan = plan
        self.database = database
        self.lock = lock
    }

    /// Begins a study in a directory that does not exist or is empty.
    ///
    /// - Parameter pageLimit: how many pages the file may have; tests fill a disk with it.
    /// - Throws: `.alreadyExists`, `.belongsToAnotherCapture`, `.directoryNotEmpty`, `.beingRun`,
    ///   `.diskFull`, `.failed`.
    package static func create(
        _ directory: StudyDirectory, plan: StudyPlan, pageLimit: Int? = nil
    ) throws(StudyStoreError) -> StudyStore {
        try makeDirectory(directory.path, in: directory)
        let inside = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        if FileManager.default.fileExists(atPath: directory.store) {
            let there = try open(directory, for: .reading)
            guard plan.hasSameCaptures(as: there.plan) else {
                throw .belongsToAnotherCapture(
                    directory: directory.path, its: there.plan.captures, asked: plan.captures)
            }
            throw .alreadyExists(
                directory: directory.path, finished: try there.records().count)
        }
        // A lock alone is what is left of a study that was stopped before it began.
        guard inside.allSatisfy({ $0 == "lock" || $0 == Self.unfinished }) else {
            throw .directoryNotEmpty(directory.path)
        }
        let lock = try StudyLock(directory)
        // Made beside and then renamed, so that there is no half-made study.
        let temporary = "\(directory.path)/\(Self.unfinished)"
        unlink(temporary)
        do throws(StudyStoreError) {
            let database = try connect(temporary, directory, for: .running, pageLimit: pageLimit)
            try perform(in: directory) {
                try database.write { db in
                    try StudySchema.upgrade(db)
                    try db.execute(
                        sql: "INSERT INTO plan VALUES (1, ?)", arguments: [try json(plan)])
                }
                try database.close()
            }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, directory.store) == 0 else {
            throw .system(errno, at: directory.store, in: directory)
        }
        let database = try connect(directory.store, directory, for: .running, pageLimit: pageLimit)
        return StudyStore(directory, plan: plan, database: database, lock: lock)
    }

    /// Opens a study that exists.
    ///
    /// - Throws: `.notAStudy`, `.newer`, `.damaged`, `.beingRun` (for running only), `.failed`.
    package static func open(
        _ directory: StudyDirectory, for purpose: Purpose, pageLimit: Int? = nil
    ) throws(StudyStoreError) -> StudyStore {
        guard FileManager.default.fileExists(atPath: directory.store) else {
            throw .notAStudy(directory: directory.path)
        }
        let lock = purpose == .running ? try StudyLock(directory) : nil
        let database = try connect(directory.store, directory, for: purpose, pageLimit: pageLimit)
        let (isStudy, version) = try perform(in: directory) {
            try database.read { (try StudySchema.isStudy($0), try StudySchema.version(of: $0)) }
        }
        guard isStudy else { throw .notAStudy(directory: directory.path) }
        guard version <= StudySchema.latest else {
            throw .newer(directory: directory.path, version: version, known: StudySchema.latest)
        }
        if purpose == .running {
            try perform(in: directory) { try database.write { try StudySchema.upgrade($0) } }
        }
        let document = try perform(in: directory) {
            try database.read { try String.fetchOne($0, sql: "SELECT document FROM plan") } ?? ""
        }
        // Read alone first: a later plan may have fields that this one cannot read.
        struct Format: Decodable { let format: Int }
        if let format = try? JSONDecoder().decode(Format.self, from: Data(document.utf8)).format,
            format > StudyPlan.currentFormat
        {
            throw .newer(
                directory: directory.path, version: format, known: StudyPlan.currentFormat)
        }
        do {
            let plan = try JSONDecoder().decode(StudyPlan.self, from: Data(document.utf8))
            try plan.validate()
            return StudyStore(directory, plan: plan, database: database, lock: lock)
        } catch {
            throw .damaged(directory: directory.path, detail: "plan: \(error)")
        }
    }

    /// Finished trials, by number.
    package func records() throws(StudyStoreError) -> [TrialRecord] {
        try Self.perform(in: directory) {
            try self.database.read { db in
                try Row.fetchAll(db, sql: "SELECT * FROM trial ORDER BY number").map(Self.record)
            }
        }
    }

    /// Keeps the answer of a trial; that of an earlier attempt is replaced.
    ///
    /// - Throws: `.diskFull`, `.failed`; what was finished before is then still there.
    package func finish(_ record: TrialRecord) throws(StudyStoreError) {
        precondition(lock != nil, "a study that was opened for reading is not written")
        try Self.perform(in: directory) {
            try self.database.write { db in
                let planned = record.planned
                // Cascades to the values of an earlier attempt.
                try db.execute(
                    sql: "DELETE FROM trial WHERE number = ?", arguments: [planned.number])
                try db.execute(
                    sql: "INSERT INTO trial VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    arguments: [
                        planned.number, planned.phase.rawValue, planned.block,
                        planned.role.rawValue,
                        planned.arm?.rawValue, record.attempts, try Self.json(planned.setting),
                        try Self.json(record.spec), try Self.json(record.result),
                    ])
                for (metric, value) in record.result.values {
                    try db.execute(
                        sql: "INSERT INTO trial_value VALUES (?, ?, ?)",
                        arguments: [planned.number, metric, value])
                }
            }
        }
    }

    private static func record(_ row: Row) throws -> TrialRecord {
        let number: Int = row["number"]
        guard let phase = Phase(rawValue: row["phase"]), let role = Role(rawValue: row["role"]),
            let arm = Optional((row["arm"] as String?).map { Arm(rawValue: $0) }),
            (role == .control) == (arm == nil), arm != .some(nil)
        else { throw StudyStoreError.damaged(directory: "", detail: "trial \(number)") }
        let planned = PlannedTrial(
            number: number, phase: phase, block: row["block"], role: role, arm: arm ?? nil,
            setting: try decoded(Setting.self, row["setting"]))
        return TrialRecord(
            planned: planned, attempts: max(1, row["attempts"]),
            spec: try decoded(TrialSpec.self, row["spec"]),
            result: try decoded(TrialResult.self, row["result"]))
    }

    private static func decoded<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static let unfinished = "study.sqlite.new"

    private static func makeDirectory(
        _ path: String, in directory: StudyDirectory
    ) throws(StudyStoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw .failed(path: path, detail: "cannot be made (\(error.localizedDescription))")
        }
    }

    private static func connect(
        _ path: String, _ directory: StudyDirectory, for purpose: Purpose, pageLimit: Int?
    ) throws(StudyStoreError) -> DatabaseQueue {
        if purpose == .running {
            // SQLite would make it with the process's usual mode; captures are people's data.
            let file = Glibc.open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw .system(errno, at: path, in: directory) }
            close(file)
        }
        var configuration = Configuration()
        configuration.readonly = purpose == .reading
        configuration.foreignKeysEnabled = true
        // A report may be made while the study runs.
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = EXTRA")
            if let pageLimit {
                try db.execute(sql: "PRAGMA max_page_count = \(pageLimit)")
            }
        }
        let settled = configuration
        return try perform(in: directory) {
            try DatabaseQueue(path: path, configuration: settled)
        }
    }

    private static func perform<T>(
        in directory: StudyDirectory, _ work: () throws -> T
    ) throws(StudyStoreError) -> T {
        do {
            return try work()
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_FULL: throw .diskFull(directory: directory.path)
            case .SQLITE_NOTADB: throw .notAStudy(directory: directory.path)
            case .SQLITE_CORRUPT:
                throw .damaged(directory: directory.path, detail: error.message ?? "corrupt")
            default:
                throw .failed(path: directory.store, detail: error.message ?? "\(error.resultCode)")
            }
        } catch let error as StudyStoreError {
            guard case .damaged(_, let detail) = error else { throw error }
            throw .damaged(directory: directory.path, detail: detail)
        } catch {
            throw .damaged(directory: directory.path, detail: "\(error)")
        }
    }
}

extension StudyPlan {
    fileprivate func hasSameCaptures(as other: StudyPlan) -> Bool {
        captures.count == other.captures.count
            && zip(captures, other.captures).allSatisfy { $0.isSameContent(as: $1) }
    }
}
