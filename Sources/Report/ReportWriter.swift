internal import Advisor
package import Study

/// Writes everything that a study ends with. The results come first and the plots last, so that a
/// missing plot program costs nothing but the plots.
package struct ReportWriter: Sendable {
    private let directory: StudyDirectory
    private let gnuplot: String

    package init(_ directory: StudyDirectory, gnuplot: String = "gnuplot") {
        self.directory = directory
        self.gnuplot = gnuplot
    }

    /// - Returns: absolute paths of what was written for people, `report.md` first.
    @discardableResult
    package func write(_ input: ReportInput) async throws(ReportError) -> [String] {
        let samples = readSamples(of: Plot.sampledTrials(input))
        let plots = Plot.all(input, samples: samples)
        let files = ConfigurationFiles(
            input.recommendation, plan: input.plan, date: input.date)
        let texts = [
            ("results.json", ResultsDocument(input).json), ("emqx.conf", files.emqx),
            ("emqx-style.conf", files.emqxStyle), ("rollback.conf", files.rollback),
            ("report.md", ReportDocument.markdown(input, files: files, plots: plots)),
        ]
        for (name, text) in texts {
            try PrivateFile.write(text, to: "\(directory.path)/\(name)")
        }
        try PrivateFile.makeDirectory(directory.plots)
        for plot in plots {
            try await Gnuplot(executable: gnuplot)
                .draw(plot, in: directory.plots, study: directory.path)
        }
        return texts.map { "\(directory.path)/\($0.0)" }.reversed()
    }

    /// A trial whose samples cannot be read has no line in the plot.
    private func readSamples(of trials: [Int]) -> [Int: Samples] {
        var samples: [Int: Samples] = [:]
        for number in trials {
            if let read = try? Samples(reading: directory.samples(of: number)) {
                samples[number] = read
            }
        }
        return samples
    }
}
