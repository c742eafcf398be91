internal import ArgumentParser
internal import Foundation
internal import Knobs
internal import Measure
internal import Storage
internal import Study
internal import Traffic
internal import Trial

struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Replay a capture under many settings and recommend a configuration.",
        discussion: """
            Each trial replays the capture through MQTT sessions into RocksDB in a
            process of its own. Blocks of trials contain your current settings as
            control; finalists are measured afresh before anything is claimed.
            Without --quick or sizes of your own it takes about seven hours.

            The recording must show the durable subscribers connect and subscribe:
            EMQX stores what they subscribed to, and dstune knows it from there.

              dstune sweep sensors.pcap --emqx 5.8 --edition ce
              dstune sweep sensors.pcap --emqx 5.8 --edition ee \\
                --config /etc/emqx/emqx.conf --study night
              dstune sweep sensors.pcap --emqx 5.8 --edition ce --quick \\
                --knobs write_buffer_size,local_write_buffer.flush_interval

              dstune sweep sensors.pcap --emqx 6.2 --disk Profiles/disks/gp3-like.conf

            A study that was stopped goes on with `dstune resume STUDY`.
            """)

    @Argument(help: "Capture files of one recording, oldest first.") var captures: [String]
    @OptionGroup var reading: ReadingArguments
    @Option(help: "The EMQX version that the configuration is for, e.g. 5.8.") var emqx: String
    @Option(help: "Its edition: ce or ee.") var edition: String?
    @Option(help: "Your current configuration: the control. Without it, the version's defaults.")
    var config: String?
    @Option(help: "Folder of the study; it must not exist yet. Default: study-<capture>.")
    var study: String?
    @Option(
        help: ArgumentHelp(
            "Knobs to turn, separated by commas. Default, as far as the engine has them: "
                + Knob.searched.map(\.id).joined(separator: ", ") + ". Also: "
                + Knob.catalogue.filter { !$0.isSearched }.map(\.id).joined(separator: ", ") + "."))
    var knobs: String?
    @Option(
        help: ArgumentHelp(
            "How candidates are found: " + SearchMethods.all.map(\.name).joined(separator: ", ")
                + "."))
    var method = RandomDesign().name
    @Flag(
        help: "The configuration is for a database that does not exist yet: n_shards is free too.")
    var newDatabase = false
    @OptionGroup(title: "What stands around the trials") var around: ConditionOptions
    @Flag(help: "About five minutes: for a first look, and to try the tool.") var quick = false
    @Option(help: "Blocks of the search.") var blocks: Int?
    @Option(help: "Candidates in each block, beside the control.") var candidates: Int?
    @Option(help: "Rounds in which control and finalists are measured afresh.")
    var confirmations: Int?
    @Option(help: "Seconds of each trial that are not counted.") var warmUp: Double?
    @Option(help: "Seconds of each trial that are measured.") var window: Double?
    @Option(help: "Play the traffic so many times as fast. Default: chosen from the capture.")
    var speed: Double?
    @Option(help: "Divide all sizes of the LSM by this. Default: chosen from the capture.")
    var miniature: UInt64?
    @Option(
        help: ArgumentHelp(
            "What trials begin with: aged, a database with a day of this traffic at the trials' scale, or "
                + "empty. Default: aged; empty with --quick."))
    var start: StartKind?
    @Option(
        help: "Bytes of the aged database. Default: a day of this traffic, if the disk has room.")
    var startBytes: UInt64?
    @Option(help: "Differences smaller than this ratio count as none.") var margin = 0.03
    @Option(help: "Seed of everything that is drawn.") var seed: UInt64 = 1

    /// What a size of study means; a quick one fits into eight minutes on two cores.
    private struct Size {
        let blocks, candidates, confirmations: Int
        let warmUp, window: Double

        static let quick = Size(blocks: 2, candidates: 4, confirmations: 5, warmUp: 2, window: 8)
        /// A night: 12 blocks of 5 and 8 rounds of 3 are 84 trials of some 5 minutes, about 7 hours.
        static let night = Size(
            blocks: 12, candidates: 4, confirmations: 8, warmUp: 30, window: 240)
    }

    enum StartKind: String, ExpressibleByArgument, CaseIterable { case aged, empty }

    func run() async throws {
        let dialect = try findDialect()
        let control = try loadControl(config, for: dialect, engine: around.engine)
        try check(control.engine, speaksFor: dialect)
        let searched = try selectKnobs(of: control.engine)
        let conditions = try around.conditions()
        let (trace, inspection) = try loadTrace(captures, reading.options)
        let (scale, levels, summary, start) = try planScale(trace, inspection, control, searched)
        let plan = try makePlan(
            dialect, searched, control, scale, levels, summary, start, conditions)
        let store: StudyStore
        do throws(StudyStoreError) {
            store = try StudyStore.create(plan.directory, plan: plan.plan)
        } catch { throw Failure(error) }
        try await StudySession(store: store, dialect: dialect).run()
    }

    private func findDialect() throws(Failure) -> Dialect {
        do throws(KnobError) { return try Dialect.find(version: emqx, edition: edition) } catch {
            throw Failure(.badInput, error.description)
        }
    }

    /// An engine of EMQX's has to be the named version's; this tool's own may be measured for what it is.
    private func check(_ engine: EngineModel, speaksFor dialect: Dialect) throws(Failure) {
        guard dialect.backend(of: engine.id) == nil else { return }
        guard Dialect.catalogue.allSatisfy({ $0.backend(of: engine.id) == nil }) else {
            throw Failure(
                .badInput,
                "\(dialect.title) is modelled by \(dialect.engines.map(\.model).joined(separator: " and ")), "
                    + "and \(engine.id) speaks for \(engine.speaksFor) only; name such a version")
        }
        warn(
            "the engine model \(engine.id) speaks for \(engine.speaksFor): emqx.conf will have no live line"
        )
    }

    private func selectKnobs(of engine: EngineModel) throws(Failure) -> [Knob] {
        guard let knobs else { return engine.searchedKnobs }
        do throws(KnobError) { return try Knob.parseSelection(knobs) } catch {
            throw Failure(.badInput, error.description)
        }
    }

    private var size: Size { quick ? .quick : .night }

    private func planScale(
        _ trace: Trace, _ inspection: Inspection, _ control: Control, _ searched: [Knob]
    ) throws(Failure) -> (Scale, [String: [Int64]], TrafficSummary, StartState) {
        try checkNumbers()
        try checkClock(of: trace)
        let recorded = ScalePlan.record(
            trace, shards: Int(control.setting["n_shards"]), control.engine.format)
        guard recorded.messages > 0 else {
            throw Failure(
                .badInput,
                "\(captures.joined(separator: ", ")): no PUBLISH matches a durable subscription that the "
                    + "capture shows, so EMQX would store nothing and there is nothing to tune; record "
                    + "from before the durable subscribers connect")
        }
        let plan = ScalePlan(
            recorded, control: control.setting, knobs: searched,
            warmUp: .seconds(warmUp ?? size.warmUp), window: .seconds(window ?? size.window),
            speed: speed, miniature: miniature)
        for (knob, values) in plan.leftOut {
            warn(
                "\(knob.id): \(values.map(knob.text).joined(separator: ", ")) cannot be measured in trials "
                    + "of this length and are left out; a longer --window admits them")
        }
        return (
            plan.scale, plan.levels, trafficSummary(inspection, plan, control.setting),
            try startState(plan.recorded, plan.scale)
        )
    }

    /// Bounds on what is typed: wide enough for every use, narrow enough for every product of them.
    private func checkNumbers() throws(Failure) {
        let bounds: [(String, Double?, ClosedRange<Double>)] = [
            ("--speed", speed, 0.001...1_000_000), ("--window", window, 0.1...86_400),
            ("--warm-up", warmUp, 0...86_400), ("--margin", margin, 0...0.5),
            ("--miniature", miniature.map(Double.init), 1...1_048_576),
        ]
        for (name, value, bound) in bounds {
            if let value, !bound.contains(value) {
                throw Failure(
                    .badInput,
                    String(
                        format: "%@ wants a number from %.12g to %.12g", name, bound.lowerBound,
                        bound.upperBound))
            }
        }
    }

    /// A gap of a day in a recording is a clock that was set, and a timeline with it says nothing of rates.
    private func checkClock(of trace: Trace) throws(Failure) {
        var last = Nanoseconds.zero
        for event in trace.events {
            if event.offset - last > .seconds(86_400) {
                throw Failure(
                    .badInput,
                    "\(captures.joined(separator: ", ")): nothing for more than a day after second "
                        + "\(Int(last.seconds)): the recording's clock was set, or these are recordings of "
                        + "different days; cut the part you mean with `editcap -A … -B …`")
            }
            last = event.offset
        }
    }

    private func makePlan(
        _ dialect: Dialect, _ searched: [Knob], _ control: Control, _ scale: Scale,
        _ levels: [String: [Int64]], _ summary: TrafficSummary, _ start: StartState,
        _ conditions: Conditions
    ) throws(Failure) -> (plan: StudyPlan, directory: StudyDirectory) {
        let directory = StudyDirectory(absolute(study ?? defaultStudy))
        let settable = dialect.settableKnobs(newDatabase: newDatabase).map(\.id)
        var levels = levels
        for knob in searched where settable.contains(knob.id) {
            let tried = levels[knob.id] ?? knob.range.values
            let writable = tried.filter { dialect.canWrite($0, of: knob) }
            if writable != tried { levels[knob.id] = writable }
        }
        do {
            let identities = try captures.map { try CaptureIdentity(reading: $0) }
            var plan = try StudyPlan(
                captures: identities, engine: control.engine.id, emqx: emqx, edition: edition,
                control: control.setting, knobs: searched.map(\.id),
                reachable: searched.map(\.id).filter(settable.contains), newDatabase: newDatabase,
                method: method, levels: levels, blocks: blocks ?? size.blocks,
                candidatesPerBlock: candidates ?? size.candidates,
                confirmationRounds: confirmations ?? size.confirmations, scale: scale, seed: seed,
                margin: margin, command: commandLine(),
                environment: try probeEnvironment(beside: directory), traffic: summary,
                configPath: config, start: start, conditions: conditions)
            plan.tlsKeyLog = reading.absolutePath
            return (plan, directory)
        } catch let failure as Failure {
            throw failure
        } catch let error as PlanError {
            throw Failure(.badInput, error.description)
        } catch let error as CaptureReadError {
            throw Failure(.badInput, error.description)
        } catch { throw Failure(.environment, "\(error)") }
    }

    /// The study's own folder does not exist yet: its parent is on the same disk.
    private func probeEnvironment(beside directory: StudyDirectory) throws(Failure) -> Environment {
        let parent = (directory.path as NSString).deletingLastPathComponent
        do {
            try FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true)
            return try Environment.probe(
                directory: parent, version: Version.current, rocksdb: RocksEngine.version)
        } catch { throw Failure(.environment, "\(error)") }
    }

    var defaultStudy: String {
        let name = (captures[0] as NSString).lastPathComponent
        return "study-" + (name.split(separator: ".").first.map(String.init) ?? name)
    }

    func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }

    /// The command that repeats this study, quoted for a shell.
    private func commandLine() -> String {
        let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_./=,:+@%"))
        let words = CommandLine.arguments.dropFirst().map { word in
            !word.isEmpty && word.unicodeScalars.allSatisfy(plain.contains)
                ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
        }
        return (["dstune"] + words).joined(separator: " ")
    }
}
