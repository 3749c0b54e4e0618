import Foundation
import RPCClient
import Synchronization
import TestSupport
import Testing

/// The way of a program to the agent.
struct RPCClientTests {
    @Test func `a connection that fails closes no descriptor but its own`() async throws {
        final class Course: Sendable { let isOver = Atomic(false) }
        let course = Course()
        // A descriptor that is closed twice may be another thread's the second time.
        async let failing: Void = onThread {
            defer { course.isOver.store(true, ordering: .releasing) }
            for _ in 0..<5000 {
                #expect(throws: RPCClient.Problem.self) { try RPCClient(path: "/nowhere/agent.sock") }
            }
        }
        let lost = try await onThread {
            var lost = 0
            // No longer than that: on a busy machine each time that others are let go first takes its time.
            while !course.isOver.load(ordering: .acquiring) {
                let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
                for _ in 0..<20 { sched_yield() }
                if close(descriptor) != 0 { lost += 1 }
            }
            return lost
        }
        try await failing
        #expect(lost == 0)
    }
}
