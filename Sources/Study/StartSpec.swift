package import Knobs

/// The order for a start state, given to a child process as a trial is: one line of JSON.
package struct StartSpec: Codable, Sendable {
    package var engine: String
    /// The control, with the number of shards that this state is for.
    package var setting: Setting
    /// Absolute paths of the capture's files, in order.
    package var captures: [String]
    /// Absolute path of the key log that their TLS is decrypted with; nil without one.
    package var tlsKeyLog: String?
    package var scale: Scale
    package var ageing: Ageing
    /// Absolute path where it will be: `StudyDirectory.start`.
    package var directory: String

    package init(_ plan: StudyPlan, _ ageing: Ageing, shards: Int, in directory: StudyDirectory) {
        engine = plan.engine
        setting = plan.control
        setting["n_shards"] = Int64(shards)
        captures = plan.captures.map(\.path)
        tlsKeyLog = plan.tlsKeyLog
        scale = plan.scale
        self.ageing = ageing
        self.directory = directory.start(shards: shards)
    }
}
