/// Shows progress: on a terminal one line that is rewritten, elsewhere a line for each event, because
/// a log file cannot be rewritten.
package struct ProgressDisplay: Sendable {
    private let isTerminal: Bool
    private let secondsFromGMT: Int
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes text as it is, line ends included.
    package init(
        isTerminal: Bool, secondsFromGMT: Int, write: @escaping @Sendable (String) -> Void
    ) {
        self.isTerminal = isTerminal
        self.secondsFromGMT = secondsFromGMT
        self.write = write
    }

    package func show(_ progress: StudyProgress) {
        let line = progress.line(secondsFromGMT: secondsFromGMT)
        if isTerminal {
            // Back to the start of the line, and erase it.
            write("\r\u{1B}[2K" + line)
            // What failed stays to be read.
            if progress.event == .failed { write("\n") }
        } else if progress.event != .waiting {
            write(line + "\n")
        }
    }

    /// Leaves the last line standing, so that what is written next does not overwrite it.
    package func end() { if isTerminal { write("\n") } }
}
