internal import Broker
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import Storage
internal import Synchronization

/// What the admin listener answers, by path.
final class AdminAnswers: Sendable {
    let stage = Mutex(AdminServer.Stage.opening)

    /// Sessions in one answer, at most: more is asked for page by page.
    static let pageLimit = 1_000
    private static let pageDefault = 100

    func router() -> Router<BasicRequestContext> {
        let router = Router()
        let this = self
        get("/livez", of: router) { _ in Self.plain(.ok, "ok") }
        get("/readyz", of: router) { _ in
            let (isReady, word) = this.readiness
            return Self.plain(isReady ? .ok : .serviceUnavailable, word)
        }
        get("/api/v5/status", of: router) { _ in
            let (isReady, word) = this.readiness
            let facts: BrokerFacts? =
                switch this.stage.withLock({ $0 }) {
                case .opening: nil
                case .serving(let source), .draining(let source): source.facts
                }
            return try Self.json(BrokerStatus(state: word, isReady: isReady, facts: facts))
        }
        get("/api/v5/prometheus/stats", of: router) { _ in
            guard let observation = try await this.source?.observe() else { return Self.notYet }
            return Self.response(
                .ok, Exposition.contentType, Array(Exposition.text(observation).utf8))
        }
        get("/api/v5/metrics", of: router) { _ in
            guard let observation = try await this.source?.observe() else { return Self.notYet }
            return try Self.json(MetricReading.all(in: observation))
        }
        get("/api/v5/ds", of: router) { _ in
            guard let observation = try await this.source?.observe() else { return Self.notYet }
            return try Self.json(StorageInfo(observation))
        }
        get("/api/v5/sessions", of: router) { request in try await this.sessions(request) }
        return router
    }

    /// Nothing that is asked for has a body: one that comes is not read.
    private func get(
        _ path: RouterPath, of router: Router<BasicRequestContext>,
        _ answer: @escaping @Sendable (Request) async throws -> Response
    ) {
        router.get(path) { request, _ in
            let length = request.headers[.contentLength].flatMap { Int($0) } ?? 0
            guard length == 0, request.headers[.transferEncoding] == nil else {
                return Self.plain(.contentTooLarge, "requests have no body here")
            }
            return try await answer(request)
        }
    }

    private func sessions(_ request: Request) async throws -> Response {
        guard let source else { return Self.notYet }
        let parameters = request.uri.queryParameters
        let host = source.host
        if let clientID = parameters["client_id"].map({ String($0) }) {
            let found = try await source.loop.submit { host.value.layer.summary(of: clientID) }
                .get()
            guard let found else {
                return Self.plain(.notFound, "there is no session of that client id")
            }
            return try Self.json(
                SessionDetail(
                    session: SessionLine(found.session),
                    subscriptions: found.subscriptions.map { SubscriptionLine($0) }))
        }
        let place = parameters["from"].map { Int($0) } ?? 0
        let limit = parameters["limit"].map { Int($0) } ?? Self.pageDefault
        guard let place, let limit, place >= 0, (1...Self.pageLimit).contains(limit) else {
            return Self.plain(
                .badRequest, "from is a number, limit one from 1 to \(Self.pageLimit)")
        }
        let (page, next) = try await source.loop.submit {
            host.value.layer.summaries(from: place, limit: limit)
        }.get()
        return try Self.json(SessionPage(sessions: page.map { SessionLine($0) }, next: next))
    }

    private var source: ObservationSource? {
        switch stage.withLock({ $0 }) {
        case .opening: nil
        case .serving(let source), .draining(let source): source
        }
    }

    /// Whether clients should be sent here, and why not.
    private var readiness: (isReady: Bool, word: String) {
        switch stage.withLock({ $0 }) {
        case .opening: (false, "opening the store")
        case .draining: (false, "draining")
        case .serving(let source):
            if source.store.isFailing { (false, "storage refuses writes") } else { (true, "ready") }
        }
    }

    private static var notYet: Response {
        plain(.serviceUnavailable, "the store is not open")
    }

    private static func plain(_ status: HTTPResponse.Status, _ text: String) -> Response {
        response(status, "text/plain; charset=utf-8", Array((text + "\n").utf8))
    }

    private static func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return response(.ok, "application/json", Array(try encoder.encode(value)))
    }

    private static func response(
        _ status: HTTPResponse.Status, _ type: String, _ body: [UInt8]
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
