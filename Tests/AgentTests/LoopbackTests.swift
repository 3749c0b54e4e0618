import JetonAPI
import Testing

@testable import Agent

/// Which of those who listen on loopback a redirect leads to, and whether that is the user's.
struct LoopbackTests {
    private typealias Listener = Loopback.Listener

    private static func found(_ host: String, among listeners: [Loopback.Listener]) async throws -> Bool {
        let loopback = Self.loopback(at: { port in port == 80 ? listeners : [] })
        return try await loopback.find(redirect(to: host)).isIPv6
    }

    private static func redirect(to host: String) throws -> LoopbackRedirect {
        let address = "https://a.example/_matrix/client/v3/login/sso/redirect?redirectUrl=http://\(host)/"
        guard case .loopback(let redirect) = try SSOAddress(address).redirect else { throw AgentError.withdrawn }
        return redirect
    }

    private static func loopback(
        at listeners: @escaping @Sendable (Int) -> [Loopback.Listener],
        isAcceptedByUs: @escaping @Sendable () -> Bool? = { nil }
    ) -> Loopback {
        Loopback(
            listeners: { port, _ in listeners(port) },
            isAcceptedByUs: { _, _, _ in isAcceptedByUs() },
            deliver: { _, _, _, _ in .unreachable }
        )
    }

    @Test(
        arguments: [
            // Still in the listener's queue.
            (nil, true, true), (nil, false, false),
            // Whoever has accepted it counts, whoever listens by now.
            (true, true, true), (true, false, true), (false, true, false), (false, false, false),
        ] as [(Bool?, Bool, Bool)]
    )
    func `at the other end is who has accepted, else who listens`(isAccepted: Bool?, listens: Bool, isOurs: Bool)
        async throws
    {
        let loopback = Self.loopback(
            at: { _ in [.init(1, .ipv4, isOurs: listens)] },
            isAcceptedByUs: { isAccepted }
        )
        let found = Loopback.Found(listener: .init(1, .ipv4, isOurs: true), isIPv6: false)
        #expect(await loopback.isOurs(at: try Self.redirect(to: "localhost"), found, from: 1) == isOurs)
    }

    @Test func `localhost is the address at which ours listens`() async throws {
        #expect(try await Self.found("localhost", among: [.init(1, .ipv4, isOurs: true)]) == false)
        #expect(try await Self.found("localhost", among: [.init(1, .ipv6, isOurs: true)]) == true)
        #expect(try await Self.found("localhost", among: [.init(1, .either, isOurs: true)]) == false)
        let mixed = [Listener(4, .ipv4, isOurs: false), Listener(6, .ipv6, isOurs: true)]
        #expect(try await Self.found("localhost", among: mixed) == true)
    }

    @Test func `one that is there for all addresses gets what no other one does`() async throws {
        let listeners = [Listener(4, .ipv4, isOurs: true), Listener(46, .either, isOurs: false)]
        #expect(try await Self.found("127.0.0.1", among: listeners) == false)
        await #expect(throws: AgentError.self) { try await Self.found("[::1]", among: listeners) }
    }

    @Test(arguments: ["localhost", "127.0.0.1", "[::1]"])
    func `somebody else's, or nobody's, is none`(host: String) async {
        for reach in [Loopback.Listener.Reach.ipv4, .ipv6, .either] {
            await #expect(throws: AgentError.self) {
                try await Self.found(host, among: [.init(1, reach, isOurs: false)])
            }
            // Who gets the connection of those who share a port is the kernel's to choose.
            let both = [Listener(1, reach, isOurs: true), Listener(1, reach, isOurs: false)]
            await #expect(throws: AgentError.self) { try await Self.found(host, among: both) }
        }
        await #expect(throws: AgentError.self) { try await Self.found(host, among: []) }
    }
}
