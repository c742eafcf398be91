internal import Knobs
internal import Layout
internal import MQTT
internal import Measure
package import Storage
package import Traffic

/// Stores a capture's publishes into a scratch store and says what that wrote.
package struct FootprintRun {
    /// Messages that a shard's batch collects. There is no timer.
    package static let batch = 1_000

    private let options: StoreOptions
    private let all: Bool
    private let directory: String

    /// - Parameters:
    ///   - all: also publishes that no durable subscription matches.
    ///   - serializer: "v1" or "asn1"; nil for the engine's own.
    ///   - directory: exists, is empty, and is for the caller to remove.
    /// - Throws: `.serializer` if the engine cannot write what is asked for.
    package init(
        engine: EngineModel, shards: Int, all: Bool, serializer: String?, directory: String
    ) throws(FootprintError) {
        precondition(shards >= 1)
        var setting = engine.standardSetting
        setting["n_shards"] = Int64(shards)
        var options = StoreOptions(engine: engine, setting: setting)
        if let serializer {
            guard let format = ValueFormat(rawValue: serializer),
                format == .asn1 || options.format.keys == .skipstream
            else { throw .serializer(serializer, engine: engine.id) }
            options.format.values = format
        }
        self.options = options
        self.all = all
        self.directory = directory
    }

    /// - Parameter reading: what is known beside the captures, such as older subscriptions.
    /// - Throws: `.capture` for what is wrong with a file, `.store` for what is wrong with the disk.
    package func run(
        _ captures: [String], _ reading: ReadingOptions = ReadingOptions()
    ) throws(FootprintError) -> Footprint {
        do {
            let store = try ScratchStore(at: directory, options, batch: Self.batch)
            let intake = Intake(store, all: all, shards: options.shards)
            let read: CapturedPublishes
            do throws(CaptureError) {
                read = try CapturedPublishes(captures: captures, options: reading) {
                    intake.take($0, $1, $2)
                }
            } catch { throw FootprintError.capture(error) }
            if let failure = intake.failure { throw failure }
            return footprint(of: try store.finish(), read, intake)
        } catch let error as FootprintError {
            throw error
        } catch {
            throw .store("\(error)")
        }
    }

    private func footprint(
        of shards: [ShardFootprint], _ read: CapturedPublishes, _ intake: Intake
    ) -> Footprint {
        var total = Footprint.Counts()
        var each: [Footprint.Shard] = []
        var varying: Set<String> = []
        for (number, shard) in shards.enumerated() {
            let counts = Footprint.Counts(shard)
            total.add(counts)
            each.append(Footprint.Shard(number: number, counts: counts))
            varying.formUnion(shard.varyingTopics)
        }
        var publishes = intake.publishes
        publishes.refused = read.refused
        publishes.malformedPackets = read.inspection.malformedPackets
        return Footprint(
            engine: options.engine.id, serializer: options.format.values.rawValue,
            publishes: publishes, total: total, shards: each, varyingTopics: varying.sorted())
    }
}

/// Why there is no footprint.
package enum FootprintError: Error {
    case capture(CaptureError)
    /// The disk refused; the sentence names the place.
    case store(String)
    /// The engine writes only another.
    case serializer(String, engine: String)
}

/// Takes publishes as they come out of the capture.
private final class Intake {
    private let store: ScratchStore
    private let all: Bool
    private let shards: Int
    private(set) var publishes = Footprint.Publishes()
    private(set) var failure: RocksError?
    /// By connection: the last publisher and what it was made of.
    private var publishers: [Int: (captured: CapturedPublisher, made: Publisher)] = [:]

    init(_ store: ScratchStore, all: Bool, shards: Int) {
        self.store = store
        self.all = all
        self.shards = shards
    }

    func take(_ publish: CapturedPublish, _ topic: RawSpan, _ packet: RawSpan) {
        guard failure == nil else { return }
        guard all || publish.isMatched else {
            publishes.unmatched += 1
            return
        }
        // The time is that of storing, as in EMQX, and not the capture's: its size goes into values.
        let submission = Submission(
            qos: publish.header.qos, retain: publish.header.retain, intended: .now(),
            timestamp: Int64(wallClockMilliseconds()))
        do throws(RocksError) {
            try store.store(
                submission, from: publisher(of: publish), topic: topic,
                properties: packet.extracting(publish.header.properties),
                payload: packet.extracting(publish.header.payload))
            publishes.stored += 1
            if !publish.publisher.connectSeen { publishes.withoutConnect += 1 }
        } catch { failure = error }
    }

    private func publisher(of publish: CapturedPublish) -> Publisher {
        let captured = publish.publisher
        if let known = publishers[publish.connection], known.captured == captured {
            return known.made
        }
        let name = Array(captured.clientID.utf8)
        let made = Publisher(
            PublisherHeader(
                clientID: captured.clientID, peer: captured.peer.peerAddress,
                version: captured.version, username: captured.username, format: store.format),
            shard: ShardHash(of: name.span.bytes).shard(of: shards))
        publishers[publish.connection] = (captured, made)
        return made
    }
}
