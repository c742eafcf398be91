package import Knobs
package import Measure

/// The question put to a child process: everything a trial needs, written to its standard input as
/// one line of JSON. The same spec on the same machine asks the same question again.
package struct TrialSpec: Codable, Sendable {
    /// Number in the study, from 1; also the name of its directory.
    package var number: Int
    /// Engine model, e.g. "emqx-5.8-local".
    package var engine: String
    package var setting: Setting
    /// Absolute paths of the capture's files, in order.
    package var captures: [String]
    /// Absolute path of the key log that their TLS is decrypted with; nil without one.
    package var tlsKeyLog: String?
    package var scale: Scale
    /// Branch of the study's seed that belongs to this trial's block. Nothing in a trial draws yet: all
    /// trials play the same traffic.
    package var seed: Seed
    /// Absolute path of the trial's own directory, which exists and is empty.
    package var directory: String
    /// Absolute path of the start state that its database is a clone of; nil to begin with nothing.
    package var start: String?
    package var conditions: Conditions

    package init(
        number: Int, engine: String, setting: Setting, captures: [String], scale: Scale, seed: Seed,
        directory: String, start: String? = nil, conditions: Conditions = Conditions()
    ) {
        self.number = number
        self.engine = engine
        self.setting = setting
        self.captures = captures
        self.scale = scale
        self.seed = seed
        self.directory = directory
        self.start = start
        self.conditions = conditions
    }
}

/// By how much a trial differs from the recorded night. Equal for all trials of a study; printed in
/// every report.
package struct Scale: Codable, Hashable, Sendable {
    /// The recorded traffic is played this many times as fast. Timers of the broker are not changed:
    /// to the broker this is the same fleet sending more often.
    package var speed: Double
    /// Every byte size of the LSM is divided by this (memtable, target file, level base, caches, WAL and
    /// pending limits); counts, triggers, threads, latencies and the disk are not. 1 is full scale.
    package var miniature: UInt64
    /// Replayed and not counted, before the measured window.
    package var warmUp: Nanoseconds
    /// The measured window.
    package var window: Nanoseconds
    /// L0 compactions that all shards together must complete in the window for a certificate.
    package var cyclesNeeded: Int

    package init(
        speed: Double, miniature: UInt64, warmUp: Nanoseconds, window: Nanoseconds,
        cyclesNeeded: Int
    ) {
        self.speed = speed
        self.miniature = miniature
        self.warmUp = warmUp
        self.window = window
        self.cyclesNeeded = cyclesNeeded
    }
}
