internal import ArgumentParser
internal import HOCON
internal import Measure

/// A duration as it is typed, in EMQX's notation: `30s`, `5m`, `1h30m`, `250ms`.
struct TimeArgument: ExpressibleByArgument {
    let span: Nanoseconds

    /// A number without a unit is refused: some would mean seconds and some milliseconds.
    init?(argument: String) {
        guard let last = argument.utf8.last, !(0x30...0x39).contains(last),
            !argument.contains("\""), !argument.contains("\\"),
            let value = try? HOCONValue(
                parsing: Array("value = \"\(argument)\"".utf8), file: "the command line"),
            let milliseconds = (try? value.duration(at: "value")) ?? nil, milliseconds > 0,
            milliseconds < Self.longest
        else { return nil }
        span = .milliseconds(milliseconds)
    }

    /// A year, milliseconds.
    private static let longest: Int64 = 366 * 86_400_000
}
