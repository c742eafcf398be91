internal import ArgumentParser
internal import Study

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write the report of a study again, also of an unfinished one.",
        discussion: """
              dstune report night
            """)

    @Argument(help: "Folder of the study.") var study: String

    func run() async throws {
        let (store, dialect) = try openStudy(study, for: .reading)
        try await writeReport(of: store, dialect: dialect)
    }
}
