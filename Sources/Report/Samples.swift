internal import Foundation

/// What a trial wrote down about once a second, `samples.tsv`: a header line with the names of the
/// columns, then a line of numbers for each sample, separated by tabs.
package struct Samples: Equatable, Sendable {
    package let columns: [String]
    package let rows: [[Double]]

    /// - Throws: `SamplesError` with the line. A last line without its end is left out: a trial that
    ///   was killed was writing it.
    package init(parsing text: String, name: String) throws(SamplesError) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        lines.removeLast()
        guard let header = lines.first else { throw SamplesError(name: name, line: 1) }
        let columns = header.split(separator: "\t").map(String.init)
        var rows: [[Double]] = []
        for (index, line) in lines.enumerated().dropFirst() {
            let values = line.split(separator: "\t", omittingEmptySubsequences: false)
                .compactMap { Double($0) }
            guard values.count == columns.count else {
                throw SamplesError(name: name, line: index + 1)
            }
            rows.append(values)
        }
        self.columns = columns
        self.rows = rows
    }

    /// - Returns: nil if there is no such file.
    package init?(reading path: String) throws(SamplesError) {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        try self.init(parsing: String(decoding: data, as: UTF8.self), name: path)
    }

    package func column(_ name: String) -> [Double]? {
        columns.firstIndex(of: name).map { index in rows.map { $0[index] } }
    }

    /// (seconds, growth per second) of a column that only grows, between one sample and the next.
    package func rate(of name: String) -> [(seconds: Double, value: Double)]? {
        guard let times = column("seconds"), let values = column(name) else { return nil }
        return zip(times, values).adjacent().compactMap { earlier, later in
            let span = later.0 - earlier.0
            guard span > 0 else { return nil }
            return (later.0, max(0, later.1 - earlier.1) / span)
        }
    }
}

package struct SamplesError: Error, Equatable, CustomStringConvertible {
    package let name: String
    package let line: Int

    package var description: String {
        "\(name):\(line): not a line of samples; the trial's plot is left out"
    }
}

extension Sequence {
    fileprivate func adjacent() -> Zip2Sequence<Self, DropFirstSequence<Self>> {
        zip(self, dropFirst())
    }
}
