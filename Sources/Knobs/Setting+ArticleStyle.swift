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
        for dialect in Dialect.catalogue {
            let refused = dialect.refusedBlocks
            if !refused.isEmpty {
                document.comment("- \(dialect.title) refuses \(refused.joined(separator: ", ")).")
            }
        }
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

extension Knob {
    // The path without its last part.
    fileprivate var block: String {
        articlePath.split(separator: ".").dropLast().joined(separator: ".")
    }
}

extension Dialect {
    /// The article's keys that this version rejects, or their whole block where it has none of it.
    fileprivate var refusedBlocks: [String] {
        var refused: [String] = []
        for knob in Knob.catalogue where verdict(of: knob.articlePath)?.isRejected == true {
            let siblings = Knob.catalogue.filter { $0.block == knob.block }
            let whole = siblings.allSatisfy { verdict(of: $0.articlePath)?.isRejected == true }
            let name = whole ? knob.block : knob.articlePath
            if !refused.contains(name) { refused.append(name) }
        }
        return refused.map { String($0.trimmingPrefix("durable_storage.messages.")) }
    }
}
