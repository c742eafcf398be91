/// Why a report is not complete. The machine failed it, so the exit code is 3; the results are written.
package enum ReportError: Error, Equatable, CustomStringConvertible {
    case plotProgramMissing(program: String, study: String)
    case plotFailed(plot: String, detail: String, study: String)
    case cannotWrite(path: String, detail: String)

    package static let exitCode: Int32 = 3

    package var description: String {
        switch self {
        case .plotProgramMissing(let program, let study):
            "\(program) is not installed, so the plots are missing: `apt-get install gnuplot-nox`, "
                + "then `dstune report \(study)`"
        case .plotFailed(let plot, let detail, let study):
            "\(study)/plots/\(plot).gp: gnuplot could not draw it (\(detail)); everything else of "
                + "the report is written"
        case .cannotWrite(let path, let detail):
            "\(path): cannot be written (\(detail)); free some space or check the permissions"
        }
    }
}
