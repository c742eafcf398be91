internal import MQTT

extension PropertyID {
    /// As lines of JSON call it: the name of the specification in snake_case, "message_expiry_interval".
    var jsonName: String { Self.jsonNames[self] ?? "" }

    static func named(_ name: String) -> PropertyID? {
        allCases.first { $0.jsonName == name }
    }

    private static let jsonNames = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, snakeCase("\($0)")) })

    private static func snakeCase(_ name: String) -> String {
        name.replacing("QoS", with: "Qos").reduce(into: "") { snake, letter in
            if letter.isUppercase { snake.append("_") }
            snake.append(contentsOf: letter.lowercased())
        }
    }
}

extension [Property] {
    /// Those that may repeat stand together, where the first of them is: so JSON can hold them as one list.
    var grouped: [Property] {
        let repeating = filter { $0.id == .userProperty || $0.id == .subscriptionIdentifier }
        guard repeating.count > 1 else { return self }
        var grouped: [Property] = []
        for property in self {
            guard repeating.contains(property) else {
                grouped.append(property)
                continue
            }
            if !grouped.contains(where: { $0.id == property.id }) {
                grouped += repeating.filter { $0.id == property.id }
            }
        }
        return grouped
    }
}

extension JSONText {
    /// The member "properties"; nothing if there are none.
    mutating func properties(_ properties: [Property]) {
        guard !properties.isEmpty else { return }
        name("properties")
        open()
        let grouped = properties.grouped
        for (place, property) in grouped.enumerated() {
            let (id, value) = property.parts
            switch value {
            case .number(let number) where id == .subscriptionIdentifier:
                // A list, if there are several.
                let numbers = grouped.filter { $0.id == id }
                guard place == grouped.firstIndex(where: { $0.id == id }) else { continue }
                name(id.jsonName)
                guard numbers.count > 1 else {
                    self.value(number)
                    continue
                }
                list { list in
                    for case .subscriptionIdentifier(let number) in numbers { list.value(number) }
                }
            case .number(let number):
                name(id.jsonName)
                self.value(number)
            case .text(let text):
                name(id.jsonName)
                self.value(text)
            case .binary(let bytes):
                if bytes.isEmpty {
                    name(id.jsonName)
                    self.value("")
                }
                data(id.jsonName, bytes.span.bytes)
            case .pair:
                guard place == grouped.firstIndex(where: { $0.id == id }) else { continue }
                name(id.jsonName)
                list { list in
                    for case .userProperty(let name, let text) in grouped {
                        list.list {
                            $0.value(name)
                            $0.value(text)
                        }
                    }
                }
            }
        }
        close()
    }
}
