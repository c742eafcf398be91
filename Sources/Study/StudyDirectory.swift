/// Where things are in the directory of a study.
package struct StudyDirectory: Equatable, Sendable {
    /// Absolute.
    package let path: String

    package init(_ path: String) { self.path = path }

    package var store: String { path + "/study.sqlite" }
    package var lock: String { path + "/lock" }
    package var trials: String { path + "/trials" }
    package var plots: String { path + "/plots" }
    package var starts: String { path + "/start" }

    package func trial(_ number: Int) -> String { "\(trials)/\(number)" }
    /// The aged database for so many shards.
    package func start(shards: Int) -> String { "\(starts)/\(shards)-shards" }
    package func samples(of number: Int) -> String { trial(number) + "/samples.tsv" }
}
