import Foundation
import RPCClient
import TestSupport
import Testing

/// The way of a program to the agent.
struct RPCClientTests {
    @Test func `a connection that fails closes no descriptor but its own`() async throws {
        // A descriptor that is closed twice may be another thread's the second time.
        async let failing: Void = onThread {
            for _ in 0..<20_000 {
                #expect(throws: RPCClient.Problem.self) { try RPCClient(path: "/nowhere/agent.sock") }
            }
        }
        let lost = try await onThread {
            (0..<20_000).count { _ in
                let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
                for _ in 0..<20 { sched_yield() }
                return close(descriptor) != 0
            }
        }
        try await failing
        #expect(lost == 0)
    }
}
