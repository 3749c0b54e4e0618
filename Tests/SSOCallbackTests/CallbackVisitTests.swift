import JetonAPI
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import SSOCallback

/// Bringing a login token to a listener, on real sockets.
@Suite(.timeLimit(.minutes(5)))
struct CallbackVisitTests {
    private static let loop = MultiThreadedEventLoopGroup.singleton.next()

    private static func listener() async throws -> CallbackListener {
        try await CallbackListener.open(path: "/s-secret", on: loop, for: .seconds(60))
    }

    private static func redirect(_ port: Int) throws -> LoopbackRedirect {
        let address =
            "https://a.example/_matrix/client/v3/login/sso/redirect?redirectUrl=http://127.0.0.1:\(port)/s-secret"
        guard case .loopback(let redirect) = try SSOAddress(address).redirect else { throw NoRedirect() }
        return redirect
    }

    private struct NoRedirect: Error {}

    @Test func `the listener is looked at once there is a connection, and before anything is sent`() async throws {
        let listener = try await Self.listener()
        let redirect = try Self.redirect(listener.address.port)
        let visit = CallbackVisit(on: Self.loop)
        #expect(await visit.bring(Secret("canary-a"), to: redirect, isIPv6: false) { _ in false } == .withheld)
        #expect(
            await visit.bring(Secret("canary-b"), to: redirect, isIPv6: false) { _ in true } == .answered(status: 200)
        )
        // It takes the first that comes.
        #expect(await listener.loginToken() == Secret("canary-b"))
    }

    @Test func `where nobody listens nobody is asked for, and nothing is sent`() async throws {
        let listener = try await Self.listener()
        let redirect = try Self.redirect(listener.address.port)
        let visit = CallbackVisit(on: Self.loop)
        #expect(await visit.bring(Secret("canary-a"), to: redirect, isIPv6: true) { _ in true } == .unreachable)
        listener.close()
    }

    @Test func `whoever goes away before anything was sent has it sent to nobody`() async throws {
        let listener = try await Self.listener()
        let redirect = try Self.redirect(listener.address.port)
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let (goes, go) = AsyncStream.makeStream(of: Void.self)
        let visit = Task {
            await CallbackVisit(on: Self.loop).bring(Secret("canary-a"), to: redirect, isIPv6: false) { _ in
                ask.yield()
                // Whoever is cancelled sees no listener any more.
                for await _ in goes {}
                return !Task.isCancelled
            }
        }
        for await _ in asked { break }
        visit.cancel()
        go.finish()
        #expect(await visit.value == .abandoned)
        listener.close()
    }

    @Test func `whoever goes away after it was sent does not change what becomes of it`() async throws {
        let server = try RawServer([.readRequest, .wait, .answer("200 OK", "", "")])
        let redirect = try Self.redirect(Int(server.port))
        let visit = Task {
            await CallbackVisit(on: Self.loop).bring(Secret("canary-a"), to: redirect, isIPv6: false) { _ in true }
        }
        #expect(await server.request().contains("loginToken=canary-a"))
        visit.cancel()
        server.goOn()
        #expect(await visit.value == .answered(status: 200))
    }
}
