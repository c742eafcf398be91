package import Knobs
package import Measure

/// What a study was asked to do: written once into its store and never changed, so that a resumed
/// study is the same study.
package struct StudyPlan: Codable, Sendable {
    /// Raised when a field changes its meaning. A plan of a later format is refused.
    package static let currentFormat = 1

    package var format = StudyPlan.currentFormat
    package var captures: [CaptureIdentity]
    /// Engine model, e.g. "emqx-5.8-local".
    package var engine: String
    /// Version and edition as they were given: "5.8", "ce".
    package var emqx: String
    package var edition: String?
    /// What the fleet runs with now. Every block measures it.
    package var control: Setting
    /// Ids of the knobs that are searched, in the order of the catalogue.
    package var knobs: [String]
    /// Those of `knobs` that the named version takes from a configuration file.
    package var reachable: [String]
    /// The configuration is for a node whose database does not exist yet.
    package var newDatabase: Bool
    /// Name of the search method.
    package var method: String
    /// Values to search instead of a knob's own range, by knob: those that trials of this scale can
    /// measure. A knob that is not named has its range.
    package var levels: [String: [Int64]]
    package var blocks: Int
    package var candidatesPerBlock: Int
    package var confirmationRounds: Int
    package var scale: Scale
    package var seed: UInt64
    /// Equivalence margin on the ratio: 0.03 calls everything within 3 % of the control equal to it.
    package var margin: Double
    /// The command that made this study, ready to paste.
    package var command: String
    package var environment: Environment
    /// The traffic in words and numbers, for the report: a header row and rows of text.
    package var traffic: TrafficSummary
    /// The configuration that `control` was read from; nil for the version's standard.
    package var configPath: String?
    /// Absolute path of the key log that the captures' TLS is decrypted with; nil without one.
    package var tlsKeyLog: String?
    /// What the trials' databases hold before the traffic; nil in a plan from before there was a choice.
    private var startState: StartState?

    /// What stands around the trials; nil in a plan from before there was a choice.
    private var surroundings: Conditions?

    /// What the trials' databases hold before the traffic.
    package var start: StartState { startState ?? .empty }

    /// What stands around the setting in every trial.
    package var conditions: Conditions { surroundings ?? Conditions() }

    /// - Throws: `PlanError` for a plan that could not be carried out.
    package init(
        captures: [CaptureIdentity], engine: String, emqx: String, edition: String?,
        control: Setting,
        knobs: [String], reachable: [String], newDatabase: Bool,
        method: String = RandomDesign().name, levels: [String: [Int64]] = [:], blocks: Int,
        candidatesPerBlock: Int,
        confirmationRounds: Int, scale: Scale, seed: UInt64, margin: Double = 0.03, command: String,
        environment: Environment, traffic: TrafficSummary, configPath: String? = nil,
        start: StartState = .empty, conditions: Conditions = Conditions()
    ) throws(PlanError) {
        self.captures = captures
        self.engine = engine
        self.emqx = emqx
        self.edition = edition
        self.control = control
        self.knobs = Knob.catalogue.map(\.id).filter(knobs.contains)
        self.reachable = Knob.catalogue.map(\.id).filter(reachable.contains)
        self.newDatabase = newDatabase
        self.method = method
        self.levels = levels
        self.blocks = blocks
        self.candidatesPerBlock = candidatesPerBlock
        self.confirmationRounds = confirmationRounds
        self.scale = scale
        self.seed = seed
        self.margin = margin
        self.command = command
        self.environment = environment
        self.traffic = traffic
        self.configPath = configPath
        startState = start
        surroundings = conditions
        for id in knobs + reachable where Knob.find(id) == nil { throw .unknownKnob(id) }
        try validate()
    }

    package func validate() throws(PlanError) {
        if captures.isEmpty { throw .noCapture }
        if knobs.isEmpty { throw .noKnobs }
        for id in knobs + reachable where Knob.find(id) == nil { throw .unknownKnob(id) }
        for id in reachable where !knobs.contains(id) { throw .unknownKnob(id) }
        if SearchMethods.find(method) == nil { throw .unknownMethod(method) }
        let counts = [
            ("blocks", blocks, 1), ("candidates per block", candidatesPerBlock, 1),
            // Fewer pairs have no interval, and then nothing could ever be recommended.
            ("confirmation rounds", confirmationRounds, 3),
        ]
        for (what, count, least) in counts where !(least...10_000).contains(count) {
            throw .outOfRange(what, "\(count)", "\(least) to 10000")
        }
        if !(0...0.5).contains(margin) { throw .outOfRange("margin", "\(margin)", "0 to 0.5") }
        if !(scale.speed > 0) { throw .outOfRange("speed", "\(scale.speed)", "more than 0") }
        if scale.miniature < 1 { throw .outOfRange("miniature", "0", "1 or more") }
        if scale.window <= .zero {
            throw .outOfRange("window", "\(scale.window.seconds) s", "more than 0")
        }
    }

    /// The values of `knob` that are searched.
    package func levels(of knob: Knob) -> [Int64] { levels[knob.id] ?? knob.range.values }

    /// What the control is, in words: only a configuration that was read is known to be the user's.
    package var controlWords: String {
        configPath == nil ? "EMQX's standard settings" : "the settings you have"
    }

    package var root: Seed { Seed(seed) }

    package var searched: [Knob] { knobs.compactMap(Knob.find) }

    /// Whether a configuration file of the named version takes the control to `setting`.
    package func reaches(_ setting: Setting) -> Bool {
        setting.differences(from: control).allSatisfy { reachable.contains($0.id) }
    }

    /// - Throws: `StudyStoreError.captureChanged` or `.captureUnreadable`: a study never goes on with
    ///   other traffic than it began with.
    package func verifyCaptures() throws(StudyStoreError) {
        for recorded in captures {
            let found: CaptureIdentity
            do { found = try CaptureIdentity(reading: recorded.path) } catch {
                throw .captureUnreadable(error)
            }
            guard found.isSameContent(as: recorded) else {
                throw .captureChanged(recorded: recorded, found: found)
            }
        }
    }
}

/// A table and a few sentences about the captured traffic, as the report prints them.
package struct TrafficSummary: Codable, Equatable, Sendable {
    /// The first row is the header.
    package var table: [[String]]
    package var sentences: [String]

    package init(table: [[String]], sentences: [String]) {
        self.table = table
        self.sentences = sentences
    }
}

/// A plan that cannot be carried out: bad usage.
package enum PlanError: Error, Equatable, CustomStringConvertible {
    case noCapture
    case noKnobs
    case unknownKnob(String)
    case unknownMethod(String)
    case outOfRange(String, String, String)

    package static let exitCode: Int32 = 2

    package var description: String {
        switch self {
        case .noCapture: "a study needs at least one capture"
        case .noKnobs: "a study needs at least one knob to turn: name some with --knobs"
        case .unknownKnob(let id): "there is no knob `\(id)` in this study"
        case .unknownMethod(let name):
            "there is no search method `\(name)`; there are "
                + SearchMethods.all.map(\.name).joined(separator: ", ")
        case .outOfRange(let what, let value, let allowed):
            "\(what) cannot be \(value): it has to be \(allowed)"
        }
    }
}
