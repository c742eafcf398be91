internal import ArgumentParser
internal import Foundation
internal import Measure
internal import Storage
internal import Study

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Go on with a study that was stopped or killed.",
        discussion: """
            Finished trials are kept; the one that was running is run again.

              dstune resume night
            """)

    @Argument(help: "Folder of the study.") var study: String

    func run() async throws {
        let (store, dialect) = try openStudy(study, for: .running)
        do throws(StudyStoreError) { try store.plan.verifyCaptures() } catch {
            throw Failure(error)
        }
        let here: Environment
        do throws(EnvironmentError) {
            here = try Environment.probe(
                directory: store.directory.path, version: Version.current,
                rocksdb: RocksEngine.version)
        } catch { throw Failure(.environment, error.description) }
        let differences = here.differences(from: store.plan.environment)
        guard differences.isEmpty else {
            throw Failure(
                .badInput,
                "\(study): trials of different environments cannot be compared (\(differences.joined(separator: "; "))); "
                    + "make its report with `dstune report \(study)` and start a new study")
        }
        try await StudySession(store: store, dialect: dialect).run()
    }
}
