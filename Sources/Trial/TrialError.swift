/// Why a trial could not be run or finished. The sentence is for the person at the keyboard.
package enum TrialError: Error, CustomStringConvertible {
    case unknownEngine(String, known: [String])
    /// The disk, the directory or the engine failed.
    case environment(String)
    /// The load is more than the settings and this machine take: what waits passed its bound.
    case overload(String)

    package var description: String {
        switch self {
        case .unknownEngine(let id, let known):
            "no engine model is called \(id); known are \(known.joined(separator: ", "))"
        case .environment(let sentence), .overload(let sentence): sentence
        }
    }
}
