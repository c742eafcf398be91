internal import HOCON
internal import Knobs

/// Everything that may stand in a configuration: this broker's keys, the knobs, and what some EMQX version knows of
/// durable sessions beside them.
struct KnownKeys {
    enum Key {
        case server(ServerKey)
        case knob(Knob)
        /// Only EMQX does something with it: the version's title.
        case emqx(String)
    }

    private let knobs = Dictionary(
        uniqueKeysWithValues: Knob.catalogue.map { ($0.articlePath, $0) })
    /// The parts of all paths.
    private let paths: [[String]]

    init() {
        let all =
            ServerKey.catalogue.map(\.path) + Knob.catalogue.map(\.articlePath)
            + Dialect.catalogue.flatMap { $0.keys.map(\.path) }
        paths = Set(all).sorted().map { $0.split(separator: ".").map(String.init) }
    }

    func find(_ names: [String]) -> Key? {
        if let key = ServerKey.catalogue.first(where: { $0.stands(at: names) }) {
            return .server(key)
        }
        let path = names.joined(separator: ".")
        if let knob = knobs[path] { return .knob(knob) }
        return Dialect.catalogue.first { $0.key(path) != nil }.map { .emqx($0.title) }
    }

    /// Why nothing is known at `names`, with the nearest key that is.
    func refusal(of names: [String], _ entry: HOCONObject.Entry) -> HOCONError {
        let path = Self.text(names)
        for count in names.indices.dropFirst() where find(Array(names[..<count])) != nil {
            return entry.error(
                "`\(Self.text(Array(names[..<count])))` is a single value, not a block; write it with `=`"
            )
        }
        if paths.contains(where: { $0.count > names.count && Self.common($0, names) == names.count }
        ) {
            return entry.error("`\(path)` has to be a block `{ … }`, not \(entry.value.kind)")
        }
        return entry.error(
            KnobError.unknownKey(path, nil, nearest: nearest(to: names)).description)
    }

    /// In the deepest block that is known a name that is like this one; else the same name elsewhere.
    private func nearest(to names: [String]) -> String? {
        let depth = paths.map { Self.common($0, names) }.max() ?? 0
        guard depth < names.count else { return nil }
        // The last name alone is wrong here: the key may stand in another block.
        if depth == names.count - 1,
            let path = paths.first(where: { $0.last == names.last && !$0.contains("*") })
        {
            return Self.text(path)
        }
        let siblings = Set(
            paths.filter { $0.count > depth && Self.common($0, names) >= depth }.map { $0[depth] })
        return Knobs.nearest(
            to: names[depth], among: siblings.subtracting(["*", "**"]).sorted()
        ).map { Self.text(names[..<depth] + [$0]) }
    }

    private static func common(_ known: [String], _ names: [String]) -> Int {
        zip(known, names).prefix { $0 == $1 || $0 == "*" }.count
    }

    private static func text(_ names: [String]) -> String {
        names.map { HOCONValue.key($0) }.joined(separator: ".")
    }
}
