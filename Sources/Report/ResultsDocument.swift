internal import Advisor
internal import Foundation
internal import Knobs
internal import Measure
internal import Study

/// `results.json`: the study for programs. Keys are snake_case and carry their unit; ratios are
/// candidate over control, below 1 is better.
///
/// - `format` (1), `written_at_ms` (since the epoch), `study` (the plan, with `scale`,
///   `start_states` (empty if trials began with nothing) and `environment`), `traffic`.
/// - `verdict`: `recommendation` (`change` or `keep`), `sentence`, `objective` (a metric id),
///   `reachable` and `overall` (finalists, absent if there is none), `reachable_is_overall`,
///   `overall_over_reachable` (interval), `warnings`. A finalist has its `trial` of the search,
///   `search_ratio` (never the gain), `outcome`, `interval` (`ratio`, `low`, `high`, `pairs`; 95 %),
///   `setting`, `changes` (`knob`, `from`, `to`, `tier`, `how`), `medians` by metric id and
///   `warnings`.
/// - `trials`: `number`, `phase`, `block`, `role`, `arm` (absent for a control), `attempts`,
///   `failure` (absent if it finished), `setting` and `values` by id, `ranks`, `score_ratio`
///   (absent if it has none), `caveats`, `remarks`, `effective_options`, `same_as_trial`,
///   `started_at_ms`, `ended_at_ms`.
package struct ResultsDocument {
    private let document: Document

    package init(_ input: ReportInput) { document = Document(input) }

    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // A number that is none is a word, and the rest of the night is still there to be read.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "infinity", negativeInfinity: "-infinity", nan: "not a number")
        do {
            return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
        } catch {
            preconditionFailure("numbers and text can be written as JSON: \(error)")
        }
    }
}

private struct Document: Encodable {
    var format = 1
    var writtenAtMs: UInt64
    var study: StudyPart
    var traffic: TrafficSummary
    var verdict: VerdictPart
    var trials: [TrialPart]

    init(_ input: ReportInput) {
        writtenAtMs = input.date
        study = StudyPart(input)
        traffic = input.plan.traffic
        verdict = VerdictPart(input)
        let scores = input.records.scores() + input.records.scores(in: .confirmation)
        let ratios = Dictionary(uniqueKeysWithValues: scores.map { ($0.trial, exp($0.logRatio)) })
        let duplicates = input.records.duplicates()
        trials = input.records.map {
            TrialPart($0, ratio: ratios[$0.number], sameAs: duplicates[$0.number])
        }
    }
}

private struct StudyPart: Encodable {
    /// By name: results are shown to others, and where a file lay is nobody's business.
    struct CapturePart: Encodable {
        var name: String
        var bytes: UInt64
        var digest: String
    }

    struct ScalePart: Encodable {
        var speed: Double
        var miniature: UInt64
        var warmUpS: Double
        var windowS: Double
        var cyclesNeeded: Int
    }

    struct StartPart: Encodable {
        var shards: Int
        var messages: Int
        var tableBytesByShard: [UInt64]
        var filesByLevel: [Int]
        var sha256: String
        var builtInS: Double
    }

    struct EnvironmentPart: Encodable {
        var version: String
        var optimised: Bool
        var rocksdb: String
        var cpu: String
        var cores: Int
        var memoryBytes: UInt64
        var kernel: String
        var governor: String
        var filesystem: String
        var syncMedianS: Double
    }

    var captures: [CapturePart]
    var engine: String
    var emqx: String
    var edition: String?
    var dialect: String
    var control: Setting
    var configPath: String?
    var knobs: [String]
    var reachable: [String]
    var newDatabase: Bool
    var method: String
    var blocks: Int
    var candidatesPerBlock: Int
    var confirmationRounds: Int
    var seed: UInt64
    var marginRatio: Double
    var command: String
    var complete: Bool
    var durability: String
    var departures: [String]
    var scale: ScalePart
    var startStates: [StartPart]
    var environment: EnvironmentPart

    init(_ input: ReportInput) {
        let plan = input.plan
        let here = plan.environment
        captures = plan.captures.map {
            CapturePart(name: $0.name, bytes: $0.bytes, digest: $0.digest)
        }
        engine = plan.engine
        emqx = plan.emqx
        edition = plan.edition
        dialect = input.recommendation.dialect.id
        control = plan.control
        configPath = plan.configPath
        knobs = plan.knobs
        reachable = plan.reachable
        newDatabase = plan.newDatabase
        method = plan.method
        blocks = plan.blocks
        candidatesPerBlock = plan.candidatesPerBlock
        confirmationRounds = plan.confirmationRounds
        seed = plan.seed
        marginRatio = plan.margin
        command = plan.command
        complete = input.recommendation.isComplete
        durability = input.durability.id
        departures = input.departures
        scale = ScalePart(
            speed: plan.scale.speed, miniature: plan.scale.miniature,
            warmUpS: plan.scale.warmUp.seconds, windowS: plan.scale.window.seconds,
            cyclesNeeded: plan.scale.cyclesNeeded)
        startStates = input.starts.map {
            StartPart(
                shards: $0.shards, messages: $0.messages, tableBytesByShard: $0.bytes,
                filesByLevel: $0.files, sha256: $0.digest, builtInS: $0.seconds)
        }
        environment = EnvironmentPart(
            version: here.version, optimised: here.optimised, rocksdb: here.rocksdb, cpu: here.cpu,
            cores: here.cores, memoryBytes: here.memory.count, kernel: here.kernel,
            governor: here.governor, filesystem: here.filesystem,
            syncMedianS: here.syncMedian.seconds)
    }
}

private struct IntervalPart: Encodable {
    var ratio: Double
    var low: Double
    var high: Double
    var pairs: Int

    init(_ estimate: Estimate) {
        (ratio, low, high) = estimate.ratio
        pairs = estimate.pairs
    }
}

private struct VerdictPart: Encodable {
    var recommendation: String
    var sentence: String
    var objective = Metric.objective
    var reachable: FinalistPart?
    var overall: FinalistPart?
    var reachableIsOverall: Bool
    var overallOverReachable: IntervalPart?
    var warnings: [String]

    init(_ input: ReportInput) {
        let advice = input.recommendation
        recommendation = advice.change == nil ? "keep" : "change"
        sentence = advice.verdict(of: input.plan).replacing("**", with: "")
        reachable = advice.reachable.map(FinalistPart.init)
        overall = advice.overall.map(FinalistPart.init)
        reachableIsOverall = advice.areOne
        overallOverReachable = advice.distance.map(IntervalPart.init)
        warnings = advice.warnings
    }
}

private struct FinalistPart: Encodable {
    struct ChangePart: Encodable {
        var knob: String
        var from: Int64
        var to: Int64
        var tier: String
        var how: String
    }

    struct MedianPart: Encodable {
        var control: Double?
        var finalist: Double?
    }

    var trial: Int
    var searchRatio: Double
    var outcome: String
    var interval: IntervalPart?
    var setting: Setting
    var changes: [ChangePart]
    var medians: [String: MedianPart]
    var warnings: [String]

    init(_ advice: FinalistAdvice) {
        trial = advice.trial
        searchRatio = exp(advice.searchLogRatio)
        outcome = advice.judgement.outcome.rawValue
        interval = advice.judgement.estimate.map(IntervalPart.init)
        setting = advice.setting
        changes = advice.changes.map {
            ChangePart(
                knob: $0.knob.id, from: $0.from, to: $0.to, tier: $0.reach.tier.rawValue,
                how: $0.reachSentence)
        }
        medians = Dictionary(
            uniqueKeysWithValues: advice.sides.map {
                ($0.metric.id, MedianPart(control: $0.control, finalist: $0.finalist))
            })
        warnings = advice.warnings
    }
}

private struct TrialPart: Encodable {
    var number: Int
    var phase: Phase
    var block: Int
    var role: Role
    var arm: Arm?
    var attempts: Int
    var failure: String?
    var setting: Setting
    var values: [String: Double]
    var ranks: Bool
    var scoreRatio: Double?
    var caveats: [String]
    var remarks: [String]
    var effectiveOptions: [String: String]
    var sameAsTrial: Int?
    var startedAtMs: UInt64
    var endedAtMs: UInt64

    init(_ record: TrialRecord, ratio: Double?, sameAs: Int?) {
        let result = record.result
        number = record.number
        phase = record.planned.phase
        block = record.planned.block
        role = record.planned.role
        arm = record.planned.arm
        attempts = record.attempts
        if case .failed(let sentence) = result.ending { failure = sentence }
        setting = record.planned.setting
        values = result.values
        ranks = result.ranks
        scoreRatio = ratio
        caveats = result.caveats.map(\.sentence)
        remarks = result.remarks
        effectiveOptions = result.effective
        sameAsTrial = sameAs
        startedAtMs = result.started
        endedAtMs = result.ended
    }
}
