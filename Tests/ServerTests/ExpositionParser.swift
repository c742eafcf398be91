/// A strict reader of Prometheus' text format 0.0.4, by its documentation ("Exposition formats"): it refuses
/// whatever a scraper may refuse.
struct ExpositionParser {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Family {
        var type: String
        var help: String
        var samples: [Sample] = []
    }

    private(set) var families: [String: Family] = [:]
    private var current: String?

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Problem(description: "no line feed at the end") }
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            do { try read(String(line)) } catch {
                throw Problem(description: "\(error) in: \(line)")
            }
        }
        for (name, family) in families { try check(name, family) }
    }

    /// - Returns: the value of the one series that has at least these labels.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let found = samples(name).filter { sample in
            labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }
        return found.count == 1 ? found[0].value : nil
    }

    func samples(_ name: String) -> [Sample] {
        families.values.flatMap(\.samples).filter { $0.name == name }
    }

    private mutating func read(_ line: String) throws {
        if line.hasPrefix("# HELP ") {
            let (name, rest) = try Self.word(line.dropFirst(7))
            guard families[name] == nil else { throw Problem(description: "HELP again") }
            families[name] = Family(type: "", help: try Self.unescape(rest, quotes: false))
            current = name
        } else if line.hasPrefix("# TYPE ") {
            let (name, type) = try Self.word(line.dropFirst(7))
            guard current == name, families[name]?.type == "",
                families[name]?.samples.isEmpty == true
            else { throw Problem(description: "TYPE that does not follow its HELP") }
            guard ["counter", "gauge", "histogram"].contains(type) else {
                throw Problem(description: "unknown type")
            }
            families[name]?.type = String(type)
        } else {
            let sample = try Self.sample(line)
            guard let current, let family = families[current], family.type != "" else {
                throw Problem(description: "a sample before its TYPE")
            }
            let suffixes = family.type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
            guard suffixes.contains(where: { sample.name == current + $0 }) else {
                throw Problem(description: "a sample among those of \(current)")
            }
            families[current]?.samples.append(sample)
        }
    }

    private func check(_ name: String, _ family: Family) throws {
        guard !family.samples.isEmpty, !family.help.isEmpty else {
            throw Problem(description: "\(name) has no samples or no help")
        }
        let series = family.samples.map { sample in
            sample.name + sample.labels.sorted { $0.key < $1.key }.map { "|\($0)=\($1)" }.joined()
        }
        guard Set(series).count == series.count else {
            throw Problem(description: "\(name) has a series twice")
        }
        if family.type == "counter", family.samples.contains(where: { $0.value < 0 }) {
            throw Problem(description: "\(name) is a negative counter")
        }
        if family.type == "histogram" { try checkHistogram(name, family) }
    }

    private func checkHistogram(_ name: String, _ family: Family) throws {
        var groups: [[String: String]: [Sample]] = [:]
        for sample in family.samples {
            var labels = sample.labels
            labels["le"] = nil
            groups[labels, default: []].append(sample)
        }
        for (labels, samples) in groups {
            let buckets = samples.filter { $0.name == name + "_bucket" }
            let ends = buckets.compactMap { $0.labels["le"].flatMap(Self.number) }
            let counts = buckets.map(\.value)
            let count = samples.first { $0.name == name + "_count" }?.value
            let sums = samples.filter { $0.name == name + "_sum" }
            guard ends.count == buckets.count, ends == ends.sorted(), counts == counts.sorted(),
                ends.last == .infinity, counts.last == count,
                sums.count == 1
            else {
                throw Problem(description: "\(name)\(labels): buckets are not cumulative to +Inf")
            }
        }
    }

    private static func sample(_ line: String) throws -> Sample {
        guard let end = line.firstIndex(where: { $0 == "{" || $0 == " " }) else {
            throw Problem(description: "no value")
        }
        let name = String(line[..<end])
        guard isName(name, colons: true) else { throw Problem(description: "bad name") }
        var rest = line[end...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                guard let equal = rest.firstIndex(of: "=") else {
                    throw Problem(description: "no =")
                }
                let label = String(rest[..<equal])
                guard isName(label, colons: false), labels[label] == nil else {
                    throw Problem(description: "bad label \(label)")
                }
                rest = rest[rest.index(after: equal)...]
                guard rest.first == "\"" else { throw Problem(description: "no quotation mark") }
                rest = rest.dropFirst()
                var raw = ""
                while let next = rest.first, next != "\"" {
                    raw.append(next)
                    rest = rest.dropFirst()
                    if next == "\\", let escaped = rest.first {
                        raw.append(escaped)
                        rest = rest.dropFirst()
                    }
                }
                guard rest.first == "\"" else { throw Problem(description: "an open label") }
                rest = rest.dropFirst()
                labels[label] = try unescape(raw[...], quotes: true)
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let value = number(String(rest.dropFirst())) else {
            throw Problem(description: "bad value")
        }
        return Sample(name: name, labels: labels, value: value)
    }

    private static func number(_ text: String) -> Double? {
        text == "+Inf" ? .infinity : text.contains(" ") ? nil : Double(text)
    }

    private static func word(_ text: Substring) throws -> (String, Substring) {
        guard let space = text.firstIndex(of: " "), isName(String(text[..<space]), colons: true)
        else { throw Problem(description: "bad name") }
        return (String(text[..<space]), text[text.index(after: space)...])
    }

    private static func isName(_ text: String, colons: Bool) -> Bool {
        guard let first = text.unicodeScalars.first, !("0"..."9").contains(first) else {
            return false
        }
        return text.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || $0 == "_" || colons && $0 == ":"
        }
    }

    private static func unescape(_ text: Substring, quotes: Bool) throws -> String {
        var result = ""
        var rest = text
        while let next = rest.popFirst() {
            guard next == "\\" else {
                result.append(next)
                continue
            }
            switch rest.popFirst() {
            case "\\": result.append("\\")
            case "n": result.append("\n")
            case "\"" where quotes: result.append("\"")
            default: throw Problem(description: "bad escape")
            }
        }
        return result
    }
}
