internal import GRDB

/// Versions of the tables in `study.sqlite`, oldest first. A study is brought to the last one when it
/// is opened to be run; a study of a later one is refused.
///
/// `user_version` holds the version, `application_id` tells a study from any other SQLite file.
enum StudySchema {
    struct Version {
        let number: Int
        let statements: String
    }

    /// "dstn"
    static let applicationID = 0x6473_746E

    static let versions = [
        // The plan is one document, because it is written once and read whole. So are a trial's
        // question and answer; its values stand in a table of their own, one row a metric, so that a
        // new metric changes nothing here and a person can ask SQL questions.
        Version(
            number: 1,
            statements: """
                CREATE TABLE plan (only INTEGER PRIMARY KEY CHECK (only = 1), document TEXT NOT NULL);
                CREATE TABLE trial (
                  number INTEGER PRIMARY KEY, phase TEXT NOT NULL, block INTEGER NOT NULL,
                  role TEXT NOT NULL, arm TEXT, attempts INTEGER NOT NULL, setting TEXT NOT NULL,
                  spec TEXT NOT NULL, result TEXT NOT NULL);
                CREATE TABLE trial_value (
                  trial INTEGER NOT NULL REFERENCES trial(number) ON DELETE CASCADE,
                  metric TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (trial, metric));
                """)
    ]

    static var latest: Int { versions.last?.number ?? 0 }

    static func version(of db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }

    static func isStudy(_ db: Database) throws -> Bool {
        try Int.fetchOne(db, sql: "PRAGMA application_id") == applicationID
    }

    static func upgrade(_ db: Database) throws {
        let present = try version(of: db)
        for version in versions where version.number > present {
            try db.execute(sql: version.statements)
        }
        try db.execute(
            sql: "PRAGMA user_version = \(latest); PRAGMA application_id = \(applicationID)")
    }
}
