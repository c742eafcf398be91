extension Knob {
    /// Reads the list of `--knobs`: ids separated by commas, each at most once in the answer.
    ///
    /// - Throws: `.unknownKnob` for a name that is not in the catalogue, also an empty one.
    package static func parseSelection(_ text: String) throws(KnobError) -> [Knob] {
        var selection: [Knob] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let id = String(part).trimmingSpaces
            guard let knob = find(id) else {
                let known = catalogue.map(\.id)
                throw .unknownKnob(id, nearest: nearest(to: id, among: known), known: known)
            }
            if !selection.contains(where: { $0.id == id }) { selection.append(knob) }
        }
        return selection
    }
}

extension String {
    var trimmingSpaces: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
