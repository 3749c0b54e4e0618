internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// Makes sure that a certificate is for the host that was asked for.
///
/// NIOSSL takes a certificate for the address that it has reached as well, whatever name was asked for. Public
/// authorities give such to whoever has the address, so that whoever forges the answer of a resolver could be any
/// homeserver. The HTTP client below does not tell which host a new connection is for; that it is one of those being
/// asked for right now is known, and comes close.
final class CertificateNames: Sendable {
    struct Mismatch: Error {}

    private let asked = Mutex<[String: Int]>([:])

    /// Runs `work`, a request to a host, during which connections to that host may come up.
    func asking<Value>(_ host: String, _ work: () async throws -> Value) async throws -> Value {
        asked.withLock { $0[host, default: 0] += 1 }
        defer {
            asked.withLock { asked in
                let left = (asked[host] ?? 1) - 1
                asked[host] = left > 0 ? left : nil
            }
        }
        return try await work()
    }

    /// Looks at a connection before its first request, and closes it where its certificate is for nobody we ask.
    @Sendable func check(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            // Plain HTTP, on this machine.
            guard let tls = try? pipeline.handler(type: NIOSSLClientHandler.self) else { return }
            let names = tls.peerCertificate.map(Self.names) ?? []
            // Without an address in it, it was the name that was found right.
            guard names.contains(where: { $0.isAddress }) else { return }
            let hosts = asked.withLock { Array($0.keys) }
            let reached = channel.remoteAddress?.ipAddress
            guard hosts.contains(where: { Self.isHost($0, of: names, reached: reached) }) else {
                channel.close(promise: nil)
                throw Mismatch()
            }
        }
    }

    private static func names(of certificate: NIOSSLCertificate) -> [(text: String, isAddress: Bool)] {
        certificate._subjectAlternativeNames().compactMap { name in
            switch name.nameType {
            case .ipAddress: ("", true)
            case .dnsName: (String(decoding: Array(name.contents), as: UTF8.self), false)
            default: nil
            }
        }
    }

    private static func isHost(_ host: String, of names: [(text: String, isAddress: Bool)], reached: String?) -> Bool {
        // An address that was asked for was found in the certificate, if it is the one reached.
        if let address = try? SocketAddress(ipAddress: host, port: 0).ipAddress { return address == reached }
        return names.contains { !$0.isAddress && matches(host, $0.text) }
    }

    /// Whether a host is of a certificate's name, whose first label may be a star (RFC 6125, section 6.4.3).
    static func matches(_ host: String, _ name: String) -> Bool {
        let (host, name) = (labels(of: host), labels(of: name))
        guard host.count == name.count, host.dropFirst() == name.dropFirst() else { return false }
        return host.first == name.first || (name.first == "*" && name.count > 2)
    }

    private static func labels(of name: String) -> [Substring] {
        let name = name.lowercased()
        return (name.hasSuffix(".") ? name.dropLast() : name[...]).split(
            separator: ".",
            omittingEmptySubsequences: false
        )
    }
}
