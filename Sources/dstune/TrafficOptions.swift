internal import ArgumentParser
internal import Measure
internal import Replay
internal import Traffic

/// Which part of the recorded traffic, how often, of how many devices, and under which policy.
struct TrafficOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Play the traffic so many times as fast as it was recorded; max: as fast as it is taken.",
            valueName: "number|max"))
    var speed = Speed.times(1)
    @Flag(
        help:
            "Divide keep alive, expiry and will delay by the speed too; what cannot be scaled is listed."
    )
    var scaleTimers = false
    @Option(
        help: ArgumentHelp(
            "A part of the recording, times from its beginning: 10m..20m, ..90s.",
            valueName: "from..to"))
    var window: WindowArgument?
    @Flag(help: "Begin again at the end, without a gap or a burst, until --duration or Ctrl-C.")
    var loop = false
    @Option(
        help: ArgumentHelp(
            "End after so long; traffic that is shorter begins again.", valueName: "time"))
    var duration: TimeArgument?
    @Option(help: "So many devices for each one recorded.")
    var fleet = 1
    @Option(
        help: ArgumentHelp(
            "Where topics name their device, counted from 0. Default: found in the topic tree.",
            valueName: "level"))
    var deviceLevel: Int?
    @Option(
        help: ArgumentHelp(
            "Another policy, may be repeated: "
                + WhatIf.forms.map { $0.values.isEmpty ? $0.name : "\($0.name)=\($0.values)" }
                .joined(separator: ", ") + ".", valueName: "policy"),
        transform: { try WhatIf(parsing: $0) })
    var whatIf: [WhatIf] = []
    @Option(help: "Seed of everything that is drawn.") var seed: UInt64 = 1

    func validate() throws {
        guard 1...100_000 ~= fleet else { throw ValidationError("--fleet wants 1 to 100000") }
        if let deviceLevel, !(0...127).contains(deviceLevel) {
            throw ValidationError("--device-level wants 0 to 127")
        }
        if scaleTimers, speed == .max {
            throw ValidationError("--scale-timers wants a speed that is a number")
        }
    }

    /// - Parameter duration: wall-clock time; nil: as the options say.
    func plan(at speed: Speed, for duration: Nanoseconds?) -> TimelinePlan {
        var plan = TimelinePlan(seed: Seed(seed))
        plan.window = window?.range
        plan.speed = speed
        let wanted = duration ?? self.duration?.span
        plan.loops = loop || wanted != nil
        if case .times(let times) = speed {
            // At the speed "max" nobody knows beforehand how much traffic a time takes.
            plan.duration = wanted.map { .seconds(min($0.seconds * times, 3e9)) }
        }
        plan.fleet = fleet
        plan.deviceLevel = deviceLevel
        plan.whatIfs = whatIf
        plan.scalesTerms = scaleTimers
        return plan
    }
}

/// A part of a recording: `10m..20m`, `10m..`, `..90s`.
struct WindowArgument: ExpressibleByArgument {
    let range: Range<Nanoseconds>

    init?(argument: String) {
        guard let dots = argument.firstRange(of: "..") else { return nil }
        let (from, to) = (argument[..<dots.lowerBound], argument[dots.upperBound...])
        guard let begin = from.isEmpty ? .zero : Self.offset(from),
            let end = to.isEmpty ? .seconds(3e9) : Self.offset(to), begin < end
        else { return nil }
        range = begin..<end
    }

    private static func offset(_ text: Substring) -> Nanoseconds? {
        // "0s" is a time here.
        text == "0" || text == "0s" ? .zero : TimeArgument(argument: String(text))?.span
    }
}

extension Speed: ExpressibleByArgument {
    init?(argument: String) { self.init(parsing: argument) }

    var defaultValueDescription: String {
        switch self {
        case .times(let times): "\(Int(times))"
        case .max: "max"
        }
    }
}
