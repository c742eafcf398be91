internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Asks a broker's admin listener: one request, one connection, every wait and every size bounded.
package struct AdminClient: Sendable {
    package let url: String
    private let host: String
    private let port: Int

    /// - Returns: nil unless `url` is `http://HOST:PORT`, or `HOST:PORT`.
    package init?(url: String) {
        let text = url.contains("://") ? url : "http://" + url
        guard let parts = URLComponents(string: text), parts.scheme == "http",
            let host = parts.host, !host.isEmpty, let port = parts.port,
            (1...65_535).contains(port),
            parts.path.isEmpty || parts.path == "/", parts.query == nil
        else { return nil }
        self.url = text
        // An IPv6 address stands in brackets in a URL only.
        self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        self.port = port
    }

    package struct Answer: Sendable {
        package let status: Int
        package let contentType: String
        package let body: String
    }

    /// - Parameter query: is escaped here.
    package func get(
        _ path: String, query: [(name: String, value: String)] = []
    ) async throws(AdminClientError) -> Answer {
        var text = path
        for (index, item) in query.enumerated() {
            let value =
                item.value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            text += (index == 0 ? "?" : "&") + item.name + "=" + value
        }
        let uri = text
        let host = host
        do {
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            let promise = loop.makePromise(of: Answer.self)
            let channel: any Channel
            do {
                channel = try await ClientBootstrap(group: loop)
                    .connectTimeout(Self.connectTimeout)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHTTPClientHandlers()
                            try channel.pipeline.syncOperations.addHandler(
                                Exchange(uri: uri, host: host, promise: promise))
                        }
                    }
                    .connect(host: host, port: port).get()
            } catch {
                promise.fail(error)
                throw error
            }
            let timeout = loop.scheduleTask(in: Self.answerTimeout) {
                channel.close(promise: nil)
            }
            defer { timeout.cancel() }
            return try await promise.futureResult.get()
        } catch { throw AdminClientError(url: url, reason: error) }
    }

    /// - Throws: also for an answer that is not 200 or not of this shape.
    package func document<Document: Decodable & Sendable>(
        _ type: Document.Type, _ path: String, query: [(name: String, value: String)] = []
    ) async throws(AdminClientError) -> Document {
        let answer = try await get(path, query: query)
        guard answer.status == 200 else {
            throw AdminClientError(url: url, status: answer.status, text: answer.body)
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do { return try decoder.decode(type, from: Data(answer.body.utf8)) } catch {
            throw AdminClientError(url: url, reason: error)
        }
    }

    private static let connectTimeout = TimeAmount.seconds(3)
    private static let answerTimeout = TimeAmount.seconds(10)
    /// Ten thousand shards or a page of sessions are far below.
    fileprivate static let bodyLimit = 64 << 20

    /// One request and its answer.
    private final class Exchange: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias OutboundOut = HTTPClientRequestPart

        private let uri: String
        private let host: String
        private let promise: EventLoopPromise<Answer>
        private var head: HTTPResponseHead?
        private var body = ByteBuffer()

        init(uri: String, host: String, promise: EventLoopPromise<Answer>) {
            self.uri = uri
            self.host = host
            self.promise = promise
        }

        func channelActive(context: ChannelHandlerContext) {
            let head = HTTPRequestHead(
                version: .http1_1, method: .GET, uri: uri,
                headers: ["host": host, "connection": "close", "accept": "*/*"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body(var part):
                guard body.readableBytes + part.readableBytes <= AdminClient.bodyLimit else {
                    promise.fail(Ended())
                    return context.close(promise: nil)
                }
                body.writeBuffer(&part)
            case .end:
                guard let head else { return promise.fail(Ended()) }
                promise.succeed(
                    Answer(
                        status: Int(head.status.code),
                        contentType: head.headers.first(name: "content-type") ?? "",
                        body: String(buffer: body)))
                context.close(promise: nil)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { promise.fail(Ended()) }
    }

    private struct Ended: Error, CustomStringConvertible {
        var description: String { "the connection ended without an answer" }
    }
}

/// Why a broker could not be asked: one sentence for the operator.
package struct AdminClientError: Error, CustomStringConvertible {
    package let description: String
    /// Of an answer that came and was not 200.
    package let status: Int?

    init(url: String, reason: any Error) {
        status = nil
        if reason is DecodingError {
            description =
                "what answers at \(url) is not a broker of this version: name another one with --admin"
        } else {
            description =
                "no broker answers at \(url) (\(Self.short(reason))): start one with `dstune serve`, or name "
                + "its admin address with --admin"
        }
    }

    init(url: String, status: Int, text: String) {
        self.status = status
        let line = text.split(separator: "\n").first.map { String($0.prefix(200)) } ?? ""
        description = "the broker at \(url) answers \(status): \(line)"
    }

    private static func short(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            return error.connectionErrors.first.map { "\($0.error)" } ?? "it cannot be reached"
        }
        return "\(error)"
    }
}
