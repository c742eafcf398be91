internal import ArgumentParser
internal import Foundation
internal import Storage
internal import Traffic
internal import Trial

struct FootprintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "footprint", abstract: "Say what a capture's messages write.",
        discussion: """
            Stores what clients publish in the captures into a scratch store of
            real shards, in the order of the frames that complete the packets and
            in batches of 1000 messages per shard, reads the rows back, and counts
            them. Without --all only what a durable subscription matches at that
            moment: one that the captures show, or that is older and inferred from
            what resumed sessions were delivered, or given. Repeated publishes (DUP) are stored like
            any other; wills are not.

              dstune footprint sensors.pcap --engine emqx-5.8-local --shards 16
              dstune footprint sensors.pcap --engine emqx-5.8-local --shards 1 \\
                --all --serializer asn1 --format json

            JSON: "total" and one object a shard in "shards", each with
              data_puts      rows of messages
              value_bytes    bytes of their values
              index_puts     rows of the index of varying topic levels, and by
                             level index_level_1, … where there are any
              streams        groups of topics that differ in varying levels only
              trie_puts      rows of the learned topic structure
              trie_bytes     bytes of their keys and values
              wal_bytes      write-ahead log before the flush, with its framing; of
                             a raft engine the log that its shards share, by the
                             sizes measured with EMQX
              sst_files      files after the flush, of all column families
              sst_bytes      bytes of these files
            "publishes" says what became of the packets: stored, unmatched,
            refused (an alias without a topic, or a subscription identifier),
            without_connect (stored, with an empty client id), and
            malformed_packets of any kind, which are not stored. "varying_topics"
            names the topics whose levels became varying, with + for these.
            """)

    @Argument(help: "Capture files, oldest first.") var captures: [String]
    @Option(help: "The engine model whose rows are written.") var engine: String
    @Option(help: "How many shards there are, 1 to 1024.") var shards: Int
    @Flag(help: "Store everything, also what no durable subscription matches.") var all = false
    @Option(help: "Subscriptions that were made before the captures began: a file, as for inspect.")
    var subscriptions: String?
    @Option(help: "How values are written: v1 or asn1; otherwise as the engine does.")
    var serializer: Serializer?
    @Option(help: "Where to write; a folder below it is made and removed.") var directory = "."
    @Option(help: "text or json.") var format = OutputFormat.text

    enum Serializer: String, ExpressibleByArgument, CaseIterable { case v1, asn1 }

    func validate() throws {
        guard 1...1_024 ~= shards else { throw ValidationError("--shards wants 1 to 1024") }
    }

    func run() throws {
        guard let model = EngineModel.find(engine) else {
            let known = EngineModel.catalogue.map(\.id).joined(separator: ", ")
            throw Failure(.badInput, "no engine \(engine); known are \(known)")
        }
        var reading = ReadingOptions()
        if let subscriptions { reading.subscriptions = try loadSubscriptions(subscriptions) }
        let scratch = try ScratchFolder(".dstune-footprint", below: directory)
        let footprint = try withExtendedLifetime(scratch) {
            try run(model, reading, at: scratch.path)
        }
        let unnamed = footprint.publishes.withoutConnect
        if unnamed > 0 {
            warn(
                "\(unnamed) publishes came on connections whose CONNECT the captures do not hold; they are "
                    + "stored with an empty client id, all in one shard")
        }
        switch format {
        case .text: print(footprint.text)
        case .json: try print(json: footprint)
        }
    }

    private func run(
        _ model: EngineModel, _ reading: ReadingOptions, at path: String
    ) throws(Failure) -> Footprint {
        do throws(FootprintError) {
            let run = try FootprintRun(
                engine: model, shards: shards, all: all, serializer: serializer?.rawValue,
                directory: path)
            return try run.run(captures, reading)
        } catch {
            switch error {
            case .capture(let error): throw Failure(.badInput, error.description)
            case .store(let sentence):
                throw Failure(
                    .environment,
                    "the scratch store failed: \(sentence); free space or name another --directory")
            case .serializer(let name, let engine):
                throw Failure(
                    .badInput, "\(engine) has no serializer \(name): it writes asn1 only")
            }
        }
    }
}
