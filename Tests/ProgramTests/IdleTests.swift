import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// An agent that has nothing to do sleeps, whatever it has done before.
@Suite(.disabled(if: hasThreadSanitizer, "ThreadSanitizer has a thread of its own that wakes"))
struct IdleTests {
    /// The connections that were there before are closed after a while.
    private func expectSleep(_ agent: AgentUnderTest) async throws {
        try await eventually("nothing wakes for three seconds", within: .seconds(60)) {
            let before = try agent.wakeUps
            try await Task.sleep(for: .seconds(3))
            return try agent.wakeUps == before
        }
    }

    @Test func `an agent that has signed in does not wake`() async throws {
        let (agent, _, _) = try await signedInAtDev()
        try await expectSleep(agent)
        try await agent.stop()
    }

    @Test func `an agent that has waited for limits and for the ends of login tokens does not wake afterwards`()
        async throws
    {
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let configuration = "{consent: 'none', limits: {login_token: {count: 1, per_ms: 500}}}"
        let agent = try await AgentUnderTest(configuration: configuration).start()
        agent.companion = homeserver
        try await agent.logIn(try await homeserver.newUser(), at: homeserver.address)
        let client = try LineClient(agent)
        client.request("0", "event.subscribe")
        // One waits for the limit, and others in line behind it.
        for id in 1...4 { client.request("\(id)", "login_token.generate", #"{"wait_ms":60000}"#) }
        try await onThread {
            for _ in 1...4 { _ = try client.next { $0["result"]?["login_token"] != nil } }
        }
        client.close()
        try await expectSleep(agent)
        try await agent.stop()
    }
}

extension AgentUnderTest {
    /// How often its threads have waited for something and got it (proc(5)).
    fileprivate var wakeUps: Int {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").reduce(0) { sum, thread in
                let folder = "/proc/\(pid)/task/\(thread)"
                // A thread may end meanwhile.
                guard let status = try? String(contentsOfFile: "\(folder)/status", encoding: .utf8) else { return sum }
                let field = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") }
                return sum + (field.flatMap { Int($0.split(separator: "\t").last ?? "") } ?? 0)
            }
        }
    }
}

private let hasThreadSanitizer = ProcessInfo.processInfo.environment["TSAN_OPTIONS"] != nil
