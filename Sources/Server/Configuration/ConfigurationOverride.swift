internal import Foundation
package import HOCON

/// A key that is set from outside the file: a variable of the environment or an option of the command line.
package struct ConfigurationOverride: Sendable {
    /// As it stands in errors.
    package let name: String
    package let path: [String]
    let value: HOCONValue
    /// Whether it may have been meant for something else: an unknown key is a warning then.
    let isLoose: Bool

    /// An option of the command line.
    /// - Parameter path: dotted.
    package init(option: String, _ path: String, _ value: HOCONValue) {
        name = option
        self.path = path.split(separator: ".").map(String.init)
        self.value = value
        isLoose = false
    }

    private init(variable: String, path: [String], text: String) {
        name = variable
        self.path = path
        value = Self.value(text, from: variable)
        isLoose = true
    }

    /// Every variable as EMQX names them: `EMQX_NODE__DATA_DIR` is `node.data_dir`, in any case, and two
    /// underscores go one level down. Others that begin with `EMQX_` are somebody else's.
    package static func all(in environment: [String: String]) -> [ConfigurationOverride] {
        environment.sorted { $0.key < $1.key }.compactMap { name, text in
            guard name.uppercased().hasPrefix("EMQX_") else { return nil }
            let path = name.dropFirst(5).lowercased().components(separatedBy: "__")
            guard path.count > 1, !path.contains("") else { return nil }
            return ConfigurationOverride(variable: name, path: path, text: text)
        }
    }

    /// What it sets, as a document.
    var document: HOCONObject {
        let place = HOCONPosition(file: name, line: 1, column: 1)
        var value = value
        for name in path.dropFirst().reversed() {
            var outer = HOCONObject()
            outer.set(name, value, at: place)
            value = .object(outer)
        }
        var document = HOCONObject()
        document.set(path[0], value, at: place)
        return document
    }

    /// The text as HOCON has it, or else, as `0.0.0.0:1883`, as it stands.
    private static func value(_ text: String, from variable: String) -> HOCONValue {
        let parsed = try? HOCONValue(parsing: "value = " + text, file: variable)
        guard case .object(let object)? = parsed, object.entries.count == 1,
            let value = object["value"]
        else { return .string(text) }
        return value
    }
}
