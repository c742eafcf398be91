internal import Advisor
internal import Measure
internal import Study

extension ReportDocument {
    static func model(_ input: ReportInput) -> String {
        let rows = DurabilityRow.catalogue.map { row in
            let mark = row == input.durability ? "**" : ""
            return [row.id, row.survivesKill, row.survivesPowerLoss, row.whoBehavesSo].map {
                "\(mark)\($0)\(mark)"
            }
        }
        var text = """
            ## What an acknowledgement promised

            All trials ran in the row in bold; candidates are compared only within one row. The rows \
            follow from the order of acknowledging and writing; no trial was killed to test them.

            \(Markdown.table(
                ["acknowledge", "survives kill -9", "survives power loss", "who behaves so"], rows))
            ## Where the model departs from EMQX

            Engine model \(Markdown.code(input.plan.engine)).


            """
        text += (input.departures + startDepartures(input)).map {
            "- \(Markdown.escaped($0))\n"
        }.joined()
        return text
    }

    static func environment(_ input: ReportInput) -> String {
        let here = input.plan.environment
        let rows = [
            ["dstune", here.version + (here.optimised ? "" : ", not optimised")],
            ["RocksDB", here.rocksdb], ["CPU", "\(here.cpu), \(here.cores) cores"],
            ["memory", "\(here.memory)"], ["kernel", here.kernel],
            ["CPU frequency governor", here.governor], ["file system", here.filesystem],
            [
                "append of 4 KiB and fdatasync, median of \(Environment.syncSamples)",
                Figures.seconds(here.syncMedian.seconds),
            ],
        ]
        let captures = input.plan.captures.map { capture in
            [
                "capture",
                "\(capture.name), \(Figures.grouped(Double(capture.bytes))) bytes, FNV-1a \(capture.digest)",
            ]
        }
        return "## Environment\n\n"
            + Markdown.table(["", ""], (rows + captures).map { $0.map(Markdown.escaped) })
    }

    static func again(_ input: ReportInput) -> String {
        """
        ## To repeat it

        \(Markdown.block(input.plan.command))
        With seed \(input.plan.seed) the same settings are tried in the same order; times differ \
        from run to run. Every number of this report, and those that have no room in it, are in \
        `results.json`; samples of each trial are in `trials/N/samples.tsv`.

        """
    }

    static func glossary(_ input: ReportInput) -> String {
        let words = [
            ("control", "\(input.plan.controlWords), measured in every block"),
            ("block, round", "trials that share a control and a time"),
            ("reachable", "the named version takes it from its configuration file"),
            (
                "tier",
                "R0 a configuration key, R1 a volatile command, R2 the stored database properties, "
                    + "R3 only a rebuilt broker"
            ),
            ("durable", "the commit that holds the message has returned"),
            ("stall", "RocksDB makes writers wait for a flush or a compaction"),
            ("L0", "files as they were flushed, not yet compacted; many of them cause stalls"),
            ("write amplification", "bytes written to the disk for each byte put"),
        ]
        return "## Words\n\n" + words.map { "- **\($0.0)**: \($0.1)\n" }.joined()
    }
}
