internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

/// The way from an HTTP request to MQTT over WebSocket. Anything that does not ask for it, at the path of
/// the listener and with a subprotocol of MQTT, is answered with an error and closed.
enum WebSocketUpgrade {
    /// In the order in which they are preferred (MQTT 5.0, section 6; `mqttv3.1` is what older clients say).
    private static let subprotocols = ["mqtt", "mqttv3.1"]

    /// - Parameters:
    ///   - largest: bytes of a frame.
    ///   - finish: adds what speaks MQTT.
    static func add(
        to channel: any Channel, path: String, largest: Int,
        finish: @escaping @Sendable (any Channel) throws -> Void
    ) throws {
        let refusal = NIOLoopBound(HTTPRefusal(path: path), eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: largest, automaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                var headers = HTTPHeaders()
                guard isPath(head.uri, path), let chosen = subprotocol(head) else {
                    return channel.eventLoop.makeSucceededFuture(nil)
                }
                headers.add(name: "Sec-WebSocket-Protocol", value: chosen)
                return channel.eventLoop.makeSucceededFuture(headers)
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    channel.pipeline.syncOperations.removeHandler(refusal.value, promise: nil)
                    try channel.pipeline.syncOperations.addHandler(WebSocketHandler())
                    try finish(channel)
                }
            })
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: false,
            withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
        try channel.pipeline.syncOperations.addHandler(refusal.value)
    }

    static func isPath(_ uri: String, _ path: String) -> Bool {
        uri.prefix { $0 != "?" } == path
    }

    static func subprotocol(_ head: HTTPRequestHead) -> String? {
        let offered = head.headers[canonicalForm: "Sec-WebSocket-Protocol"]
        return subprotocols.first { wanted in offered.contains { $0 == wanted } }
    }
}

/// Answers a request that was not upgraded, and closes. Confined to the event loop.
final class HTTPRefusal: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let path: String

    init(path: String) { self.path = path }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        let status: HTTPResponseStatus =
            WebSocketUpgrade.isPath(head.uri, path) ? .badRequest : .notFound
        let headers = HTTPHeaders([("Content-Length", "0"), ("Connection", "close")])
        let answer = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        let channel = context.channel
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}
