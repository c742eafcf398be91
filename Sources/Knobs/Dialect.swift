package import HOCON

/// What one EMQX version and edition does with configuration keys under `durable_sessions` and
/// `durable_storage`. Other roots are not spoken about.
///
/// The lists follow the schemas of the tagged sources; which single keys are accepted was also
/// measured by running those schemas, and a test holds the lists to that.
package struct Dialect: Identifiable, Sendable {
    package let id: String
    /// As it stands in sentences: `EMQX 5.8 CE`.
    package let title: String
    package let releases: [ReleaseRange]
    /// `ce` or `ee` where the two differ, `nil` where there is one edition.
    package let edition: String?
    /// The engine model of this tool that behaves as this version does, `nil` if there is none
    /// yet: then nothing measured here is advice for it.
    package let engine: String?
    /// Whether options of the whole database can be put into its stored properties (tier R2).
    package let storesDatabaseOptions: Bool
    /// Whether its databases run on RocksDB's default Env, whose threads a command on the running node
    /// can set and nothing else does (tier R1).
    package let sharesDefaultEnv: Bool
    package let keys: [ConfigKey]
    private let exact: [String: ConfigKey]
    private let patterns: [ConfigKey]
    // The paths that keys stand below.
    private let blocks: Set<String>

    package init(
        id: String, title: String, releases: [ReleaseRange], edition: String?, engine: String?,
        storesDatabaseOptions: Bool, sharesDefaultEnv: Bool, keys: [ConfigKey]
    ) {
        self.id = id
        self.title = title
        self.releases = releases
        self.edition = edition
        self.engine = engine
        self.storesDatabaseOptions = storesDatabaseOptions
        self.sharesDefaultEnv = sharesDefaultEnv
        self.keys = keys
        exact = Dictionary(uniqueKeysWithValues: keys.map { ($0.path, $0) })
        patterns = keys.filter { $0.parts.contains("*") }
        blocks = Set(
            keys.flatMap { key in
                key.parts.indices.dropFirst().map { key.parts[..<$0].joined(separator: ".") }
            })
    }

    /// Roots whose schema is closed: a key that is not listed stops the node from booting.
    private static let roots: Set<Substring> = ["durable_sessions", "durable_storage"]

    package func key(_ path: String) -> ConfigKey? {
        if let key = exact[path] { return key }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        return patterns.first {
            $0.parts.count == parts.count && $0.common(with: parts) == parts.count
        }
    }

    /// What happens to `path`, and to `value` where a key chooses among names.
    ///
    /// - Returns: `nil` if the key belongs to a part of the configuration that this table does not
    ///   describe.
    package func verdict(of path: String, value: HOCONValue? = nil) -> Verdict? {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        guard let root = parts.first, Self.roots.contains(root) else { return nil }
        if let key = key(path) {
            if let values = key.values, case .string(let name)? = value, !values.contains(name) {
                return .rejected(
                    reason: "\(title) takes only \(values.joined(separator: ", ")) for `\(path)`: "
                        + "with another it would not boot")
            }
            return key.verdict
        }
        // The refusal is about the outermost part that the schema does not have.
        let paths = parts.indices.map { parts[...$0].joined(separator: ".") }
        guard let unknown = paths.first(where: { !isBlock($0) }) else {
            return .rejected(reason: "`\(path)` is a block in \(title), which would not boot")
        }
        return .rejected(reason: "\(title) does not know `\(unknown)` and would not boot")
    }

    private func isBlock(_ path: String) -> Bool {
        if blocks.contains(path) { return true }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        return patterns.contains {
            $0.parts.count > parts.count && $0.common(with: parts) == parts.count
        }
    }
}
