internal import Glibc
internal import Measure
internal import NIOCore
internal import NIOSSL

extension TransportFault {
    /// Of an error of the sockets or of TLS.
    init(_ error: any Error, at target: Target) {
        switch error {
        case let error as TransportFault: self = error
        case let error as IOError: self.init(errno: error.errnoCode, at: target)
        case ChannelError.connectTimeout(let time):
            self.init(
                kind: .unreachable,
                sentence:
                    "\(target): nobody answered within \(time.nanoseconds / 1_000_000_000) s; check the "
                    + "address and what filters it")
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            self.init(
                kind: .tls,
                sentence:
                    "\(target): no TLS connection was made (\(error)); give its authority with --ca, a "
                    + "certificate with --certificate if it asks for one, or check that this port speaks TLS"
            )
        default: self.init(kind: .reset, sentence: "\(target): the connection broke (\(error))")
        }
    }

    private init(errno code: Int32, at target: Target) {
        let why = String(cString: strerror(code))
        switch code {
        case ECONNREFUSED:
            self.init(
                kind: .refused,
                sentence: "\(target): \(why); start the broker, or correct the port")
        case EADDRNOTAVAIL, EADDRINUSE:
            self.init(
                kind: .exhausted,
                sentence:
                    "\(target): this machine has no free port for another connection (\(why)); widen "
                    + "net.ipv4.ip_local_port_range, or replay fewer reconnects a second")
        case EMFILE, ENFILE:
            self.init(
                kind: .exhausted,
                sentence:
                    "\(target): this process may open no more connections (\(why)); raise `ulimit -n`"
            )
        case ECONNRESET, EPIPE:
            self.init(kind: .reset, sentence: "\(target): it broke a connection off (\(why))")
        default:
            self.init(
                kind: .unreachable, sentence: "\(target): \(why); check the address and the network"
            )
        }
    }

    init(_ garbage: PacketCutter.Garbage, at target: Target) {
        let bytes = garbage.head.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        self.init(
            kind: .garbage,
            sentence:
                "\(target): sent \(bytes.joined(separator: " ")), where \(garbage.why); does something else "
                + "listen on this port?")
    }

    static func unfinishedHandshake(at target: Target) -> TransportFault {
        TransportFault(
            kind: .tls,
            sentence:
                "\(target): a TLS handshake did not come to its end; does this port speak TLS?")
    }

    static func silent(for time: Nanoseconds, at target: Target) -> TransportFault {
        TransportFault(
            kind: .silent,
            sentence:
                "\(target): said nothing for \(Int(time.seconds)) s on a connection that it owed an answer"
        )
    }

    /// - Parameter code: the reason code of version 5, or the return code before it.
    static func denied(_ code: UInt8, at target: Target) -> TransportFault {
        // 3.1.1 has 4 and 5, version 5 has 0x86 and 0x87: who it is, and what it may.
        let advice =
            [4, 5, 0x86, 0x87].contains(code)
            ? "; a recording has no passwords: give them in \(TargetCredentials.nameVariable) and "
                + "\(TargetCredentials.passwordVariable), or with --credentials FILE"
            : ""
        return TransportFault(
            kind: .denied,
            sentence: "\(target): refused CONNECT with code \(code)\(advice)")
    }
}
