internal import Foundation
internal import Logging

/// The log of a broker: one line an event on standard error, written whole:
/// `2026-04-21T02:14:09Z warning the sentence key=value`.
///
/// What comes from clients stays on its line: control characters are written as escapes. Levels have colours on a
/// terminal unless `NO_COLOR` is set.
struct StandardErrorLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let isColoured: Bool

    init(level: Logger.Level) {
        logLevel = level
        let noColour = ProcessInfo.processInfo.environment["NO_COLOR"] ?? ""
        isColoured = noColour.isEmpty && isatty(STDERR_FILENO) != 0
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let pairs = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }
            .map { " \($0.key)=\(Self.quoted(Self.plain("\($0.value)")))" }
        let level = isColoured ? Self.coloured(event.level) : event.level.rawValue
        let line =
            Date.now.formatted(.iso8601) + " \(level) " + Self.plain(event.message.description)
            + pairs.joined() + "\n"
        FileHandle.standardError.write(Data(line.utf8))
    }

    /// Without line ends and what a terminal takes for commands.
    private static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return text }
        return text.unicodeScalars.map {
            $0.properties.generalCategory == .control
                ? "\\u{\(String($0.value, radix: 16))}" : String($0)
        }.joined()
    }

    private static func quoted(_ text: String) -> String {
        let isWord = !text.isEmpty && !text.contains { $0.isWhitespace || $0 == "\"" || $0 == "=" }
        guard !isWord else { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func coloured(_ level: Logger.Level) -> String {
        let colour =
            switch level {
            case .trace, .debug: 2
            case .info, .notice: 32
            case .warning: 33
            case .error, .critical: 31
            }
        return "\u{1B}[\(colour)m\(level.rawValue)\u{1B}[0m"
    }
}
