internal import ArgumentParser
internal import Foundation
internal import Server

/// `dstune passwd`.
struct PasswdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Adds a user to the broker's file of users, or changes the password.",
        discussion: """
            The file holds scrypt hashes and is written with mode 0600. The password
            is read from the terminal without echo, or is the first line of standard
            input; it is never an argument, which others on the machine could read.

              dstune passwd users pump-7
              printf '%s\\n' "$PASSWORD" | dstune passwd users pump-7
              dstune passwd users pump-7 --delete

            A running broker reads the file when it starts.
            """)

    @Argument(help: "The file of users; made if it is not there.")
    var file: String
    @Argument(help: "The user's name.")
    var user: String
    @Flag(help: "Take the user out.")
    var delete = false

    func run() throws {
        do throws(ServerError) {
            var users =
                FileManager.default.fileExists(atPath: file)
                ? try UserFile(reading: file) : UserFile(newAt: file)
            if delete {
                guard users.remove(user) else {
                    throw ServerError("\(file): there is no user \(user); nothing was changed")
                }
            } else {
                try UserFile.check(name: user)
                try users.set(user, try PasswordHash(of: try password()))
            }
            try users.write()
        } catch { throw Failure(.badInput, error.description) }
    }

    private func password() throws(ServerError) -> [UInt8] {
        guard isatty(STDIN_FILENO) != 0 else {
            return try Self.checked(Self.line() ?? "")
        }
        let first = Self.hidden("Password for \(user): ")
        let password = try Self.checked(first)
        guard Self.hidden("The same again: ") == first else {
            throw ServerError("the passwords differ; nothing was changed")
        }
        return password
    }

    private static func checked(_ text: String) throws(ServerError) -> [UInt8] {
        guard !text.isEmpty, text.utf8.count <= Authenticator.longestPassword else {
            throw ServerError(
                "a password has 1 to \(Authenticator.longestPassword) bytes; give it on the first line of "
                    + "standard input, or on the terminal")
        }
        return Array(text.utf8)
    }

    private static func line() -> String? { readLine(strippingNewline: true) }

    /// A line from the terminal, which does not show it meanwhile.
    private static func hidden(_ prompt: String) -> String {
        FileHandle.standardError.write(Data(prompt.utf8))
        var shown = termios()
        tcgetattr(STDIN_FILENO, &shown)
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return line() ?? ""
    }
}
