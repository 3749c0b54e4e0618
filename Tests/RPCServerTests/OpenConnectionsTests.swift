import JetonAPI
import Testing

@testable import RPCServer

struct OpenConnectionsTests {
    private let open: OpenConnections

    init() {
        var limits = SocketLimits()
        limits.connections = 4
        limits.connectionsPerProcess = 2
        open = OpenConnections(limits: limits)
    }

    @Test func `counts by process`() {
        #expect(open.enter(pid: 1) == nil)
        #expect(open.enter(pid: 1) == nil)
        #expect(open.enter(pid: 1) == "a process may hold 2 connections")
        #expect(open.enter(pid: 2) == nil)
        open.leave(pid: 1)
        #expect(open.enter(pid: 1) == nil)
    }

    @Test func `counts in all`() {
        for pid in 1...4 { #expect(open.enter(pid: pid) == nil) }
        #expect(open.enter(pid: 5) == "there may be 4 connections in all")
        open.leave(pid: 3)
        #expect(open.enter(pid: 5) == nil)
        #expect(open.enter(pid: 3) != nil)
    }

    @Test func `who is refused is not counted`() {
        for _ in 1...10 { _ = open.enter(pid: 1) }
        for pid in 2...3 { #expect(open.enter(pid: pid) == nil) }
        open.leave(pid: 1)
        open.leave(pid: 1)
        #expect(open.enter(pid: 1) == nil)
        #expect(open.enter(pid: 1) == nil)
    }
}
