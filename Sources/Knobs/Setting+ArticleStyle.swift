package import HOCON

extension Setting {
    /// Every knob in the vocabulary of the article, for this tool's own broker and for `--config`.
    ///
    /// The header names each EMQX version that refuses the file, which the dialects know.
    package func emqxStyleConf(header: [String]) -> HOCONDocument {
        var document = HOCONDocument()
        header.forEach { document.comment($0) }
        document.comment(
            "Not for EMQX: a node that finds keys which its version refuses does not boot.")
        Self.refusals.forEach { document.comment($0) }
        var blocks: [String] = []
        for knob in Knob.catalogue where !blocks.contains(knob.block) { blocks.append(knob.block) }
        for block in blocks.sorted() {
            document.blank()
            document.open(block)
            for knob in Knob.catalogue where knob.block == block {
                document.set(
                    String(knob.articlePath.dropFirst(block.count + 1)), knob.spelled(self[knob]),
                    comment: knob.effect)
            }
            document.close()
        }
        return document
    }
}

extension Setting {
    private static let refusals = Dialect.catalogue.compactMap { dialect in
        let refused = dialect.refusedBlocks
        return refused.isEmpty
            ? nil : "- \(dialect.title) refuses \(refused.joined(separator: ", "))."
    }
}

extension Knob {
    // The path without its last part.
    fileprivate var block: String {
        articlePath.split(separator: ".").dropLast().joined(separator: ".")
    }

    // The last part.
    fileprivate var name: String { String(articlePath.dropFirst(block.count + 1)) }
}

extension Dialect {
    /// The article's keys that this version rejects: by name, or as a block with what it does have.
    fileprivate var refusedBlocks: [String] {
        var refused: [String] = []
        for (block, siblings) in Dictionary(grouping: Knob.catalogue, by: \.block)
            .sorted(by: { $0.key < $1.key })
        {
            let rejected = siblings.filter { verdict(of: $0.articlePath)?.isRejected == true }
            let accepted = siblings.filter { verdict(of: $0.articlePath)?.isRejected != true }
            if rejected.isEmpty { continue }
            if accepted.count >= rejected.count {
                refused += rejected.map(\.articlePath)
            } else if accepted.isEmpty {
                refused.append(block)
            } else {
                refused.append(
                    "\(block) but for " + accepted.map(\.name).joined(separator: " and "))
            }
        }
        return refused.map { String($0.trimmingPrefix("durable_storage.messages.")) }
    }
}
