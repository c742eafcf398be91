import MQTT
import Measure
import Replay
import Testing
import Traffic

/// What clients do, written down in tests: a trace of packets at given milliseconds.
struct Script {
    private var builder = Trace.Builder()
    private var numbers: [String: Int] = [:]
    private var versions: [String: ProtocolVersion] = [:]
    private var ids: UInt16 = 0
    var time = Nanoseconds.zero

    mutating func after(_ milliseconds: Int64) { time = time + .milliseconds(milliseconds) }

    mutating func connect(
        _ client: String, _ version: ProtocolVersion = .v3_1_1, clean: Bool = true,
        keepAlive: UInt16 = 0, properties: [Property] = []
    ) {
        versions[client] = version
        numbers[client] = builder.open(
            Trace.Connection(
                clientID: client, version: version,
                peer: Endpoint(address: [127, 0, 0, 1], port: 40_000), connectSeen: true), at: time)
        send(
            .connect(
                Connect(
                    version: version, clientID: client, cleanStart: clean, keepAlive: keepAlive,
                    properties: properties)), client, packetIDOffset: 0)
    }

    /// - Parameter recordedID: as it was in the recording; nil: the next one.
    mutating func publish(
        _ client: String, _ topic: String, qos: QoS = .atLeastOnce, payload: String = "1",
        dup: Bool = false, recordedID: UInt16? = nil, properties: [Property] = []
    ) {
        ids = ids == .max ? 1 : ids + 1
        let publish = Publish(
            dup: dup, qos: qos, topic: topic,
            packetID: qos > .atMostOnce ? PacketID(recordedID ?? ids) : nil,
            properties: properties, payload: Array(payload.utf8))
        send(
            .publish(publish), client, packetIDOffset: qos > .atMostOnce ? 4 + topic.utf8.count : 0)
    }

    mutating func subscribe(_ client: String, _ filter: String, qos: QoS = .exactlyOnce) {
        ids = ids == .max ? 1 : ids + 1
        guard let id = PacketID(ids) else { return }
        let subscription = Subscription(filter: filter, qos: qos)
        send(
            .subscribe(Subscribe(packetID: id, subscriptions: [subscription])), client,
            packetIDOffset: 2)
    }

    mutating func disconnect(_ client: String) {
        send(.disconnect(Disconnect()), client, packetIDOffset: 0)
        end(client, .disconnect)
    }

    mutating func end(_ client: String, _ ending: Ending) {
        guard let number = numbers.removeValue(forKey: client) else { return }
        builder.close(number, ending, at: time)
    }

    private mutating func send(_ packet: Packet, _ client: String, packetIDOffset: Int) {
        guard let number = numbers[client] else { return }
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: versions[client] ?? .v3_1_1)
        builder.append(bytes.span.bytes, packetIDOffset: packetIDOffset, on: number, at: time)
    }

    consuming func trace() -> Trace { builder.build() }

    /// Lives it once.
    consuming func replay(
        over broker: ScriptedBroker, speed: Double = 1, _ options: ReplayOptions = ReplayOptions(),
        answering delays: [Nanoseconds?] = [], settle: Nanoseconds = .zero
    ) throws -> Replayer {
        let replayer = Replayer(
            AnsweringTimeline(TraceTimeline(trace()), delays), over: broker,
            on: Schedule(start: .now(), speed: speed), options)
        #expect(try replayer.run() == .finished)
        if settle > .zero { replayer.settle(until: .now() + settle) { false } }
        return replayer
    }
}

/// A timeline whose clients take their time over deliveries.
private final class AnsweringTimeline: Timeline {
    private let base: any Timeline
    private let delays: [Nanoseconds?]

    init(_ base: any Timeline, _ delays: [Nanoseconds?]) {
        (self.base, self.delays) = (base, delays)
    }

    var clients: [TimelineClient] { base.clients }
    func next() throws(CaptureError) -> TimelineStep? { try base.next() }
    func withPacket(_ body: (RawSpan) -> Void) { base.withPacket(body) }
    func answerDelays(of client: Int) -> [Nanoseconds?] { delays }
}
