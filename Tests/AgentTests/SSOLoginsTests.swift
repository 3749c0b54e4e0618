import JetonAPI
import NIOPosix
import SSOCallback
import Testing

@testable import Agent

/// Logins that wait for a browser, with a clock of the test's own.
@Suite(.timeLimit(.minutes(5)))
struct SSOLoginsTests {
    private func logins(_ clock: TestClock, for life: Duration = .seconds(60)) -> SSOLogins {
        SSOLogins(
            listen: { path, asked in
                #expect(asked == .seconds(300))
                let loop = MultiThreadedEventLoopGroup.singleton.next()
                return try await CallbackListener.open(path: path, on: loop, for: life)
            },
            clock: { clock.now }
        )
    }

    private func begin(_ logins: SSOLogins) async throws -> BeginSSOLogin.Result {
        try await logins.begin {
            $0.description
        } redeem: { _ throws(AgentError) in
            throw .withdrawn
        }
    }

    private func error(_ work: () async throws(AgentError) -> Account) async -> AgentError? {
        do throws(AgentError) {
            _ = try await work()
            return nil
        } catch {
            return error
        }
    }

    @Test func `a browser that does not come back in time is told as such`() async throws {
        let clock = TestClock()
        let logins = logins(clock, for: .milliseconds(50))
        let login = try await begin(logins)
        #expect(login.expiresAt == TestClock.noon.advanced(by: .seconds(300)))
        // The listener's own time is over, whatever the wall clock says.
        let late = await error { () throws(AgentError) in try await logins.finish(.init(loginId: login.loginId)) }
        #expect(late?.kind == .consentTimeout)
        let later = await error { () throws(AgentError) in try await logins.finish(.init(loginId: login.loginId)) }
        #expect(later?.data["field"] == "login_id")
    }

    @Test func `one that has expired is not known any more`() async throws {
        let clock = TestClock()
        let logins = logins(clock)
        let login = try await begin(logins)
        clock.advance(by: .seconds(300))
        let gone = await error { () throws(AgentError) in try await logins.finish(.init(loginId: login.loginId)) }
        #expect(gone?.data["field"] == "login_id")
    }

    @Test func `one who is cancelled leaves the login to others`() async throws {
        let logins = logins(TestClock())
        let login = try await begin(logins)
        let cancelled = Task {
            await error { () throws(AgentError) in try await logins.finish(.init(loginId: login.loginId)) }
        }
        cancelled.cancel()
        #expect(await cancelled.value == .withdrawn)
        let callback = Secret("\(login.ssoUrl)?loginToken=x")
        let finished = await error { () throws(AgentError) in
            try await logins.finish(.init(loginId: login.loginId, callbackUrl: callback))
        }
        // It came as far as the redemption, which fails here.
        #expect(finished == .withdrawn)
        let again = await error { () throws(AgentError) in try await logins.finish(.init(loginId: login.loginId)) }
        #expect(again?.data["field"] == "login_id")
    }
}
