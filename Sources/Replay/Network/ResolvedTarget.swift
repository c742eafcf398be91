internal import Dispatch
internal import Glibc
internal import NIOCore
internal import Synchronization

/// A target with the addresses that its name had when it was allowed. Connections go to these and to no other,
/// whatever the name means later.
package struct ResolvedTarget: Sendable {
    package let target: Target
    /// In the resolver's order, at least one.
    let addresses: [SocketAddress]

    /// What certificates are held to; nil for an address, which they are held to themselves.
    var hostname: String? {
        (try? SocketAddress(ipAddress: target.host, port: 0)) == nil ? target.host : nil
    }
}

extension Target {
    /// How long a resolver may take; its own patience is about as long (resolv.conf(5), `timeout`, `attempts`).
    private static let patience = 15

    /// Looks the name up and checks every address that it has.
    /// - Parameter isOwned: whoever asks has said that the target is theirs; without it, it has to be this machine.
    /// - Throws: `.unresolved`; `.notLoopback` if one of the addresses is not of this machine.
    package func resolved(isOwned: Bool) throws(TargetError) -> ResolvedTarget {
        let addresses = try lookUp()
        let foreign = addresses.filter { !$0.isLoopback }
        guard isOwned || foreign.isEmpty else {
            throw .notLoopback(self, addresses: foreign.map { $0.ipAddress ?? "\($0)" })
        }
        return ResolvedTarget(target: self, addresses: addresses)
    }

    private func lookUp() throws(TargetError) -> [SocketAddress] {
        final class Answer: Sendable {
            let result = Mutex<Result<[SocketAddress], TargetError>?>(nil)
            let isThere = DispatchSemaphore(value: 0)
        }
        let answer = Answer()
        // The resolver cannot be interrupted, so it has a thread that is not waited for.
        DispatchQueue.global().async {
            let result = Result { () throws(TargetError) in try ask() }
            answer.result.withLock { $0 = result }
            answer.isThere.signal()
        }
        guard answer.isThere.wait(timeout: .now() + .seconds(Self.patience)) == .success,
            let result = answer.result.withLock({ $0 })
        else { throw .unresolved(self, why: "no answer in \(Self.patience) s") }
        return try result.get()
    }

    private func ask() throws(TargetError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &list)
        guard code == 0 else { throw .unresolved(self, why: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let info = next?.pointee {
            if let address = SocketAddress(info), !addresses.contains(address) {
                addresses.append(address)
            }
            next = info.ai_next
        }
        guard !addresses.isEmpty else { throw .unresolved(self, why: "it has no IP address") }
        return addresses
    }
}

extension SocketAddress {
    fileprivate init?(_ info: addrinfo) {
        guard let bytes = info.ai_addr else { return nil }
        switch info.ai_family {
        case AF_INET:
            self.init(UnsafeRawPointer(bytes).loadUnaligned(as: sockaddr_in.self))
        case AF_INET6:
            self.init(UnsafeRawPointer(bytes).loadUnaligned(as: sockaddr_in6.self))
        default: return nil
        }
    }

    /// 127.0.0.0/8 and ::1 (RFC 6890), the former also as ::ffff:127.x.
    fileprivate var isLoopback: Bool {
        let bytes = withSockAddr { Array(UnsafeRawBufferPointer(start: $0, count: $1)) }
        // Where the address lies in sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)).
        switch self {
        case .v4: return bytes[4] == 127
        case .v6:
            let address = bytes[8..<24]
            let zeros = [UInt8](repeating: 0, count: 10)
            return address.elementsEqual(zeros + [0, 0, 0, 0, 0, 1])
                || address.starts(with: zeros + [0xFF, 0xFF, 127])
        case .unixDomainSocket: return false
        }
    }
}
