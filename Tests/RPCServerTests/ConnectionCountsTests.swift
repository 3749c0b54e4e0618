import JetonAPI
import Testing

@testable import RPCServer

struct ConnectionCountsTests {
    private var counts: ConnectionCounts

    init() {
        var limits = SocketLimits()
        limits.connections = 4
        limits.connectionsPerProcess = 2
        counts = ConnectionCounts(limits: limits)
    }

    @Test mutating func `counts by process`() {
        #expect(counts.enter(pid: 1) == nil)
        #expect(counts.enter(pid: 1) == nil)
        #expect(counts.enter(pid: 1) == "a process may hold 2 connections")
        #expect(counts.enter(pid: 2) == nil)
        counts.leave(pid: 1)
        #expect(counts.enter(pid: 1) == nil)
    }

    @Test mutating func `counts in all`() {
        for pid in 1...4 { #expect(counts.enter(pid: pid) == nil) }
        #expect(counts.enter(pid: 5) == "there may be 4 connections in all")
        counts.leave(pid: 3)
        #expect(counts.enter(pid: 5) == nil)
        #expect(counts.enter(pid: 3) != nil)
    }

    @Test mutating func `who is refused is not counted`() {
        for _ in 1...10 { _ = counts.enter(pid: 1) }
        for pid in 2...3 { #expect(counts.enter(pid: pid) == nil) }
        counts.leave(pid: 1)
        counts.leave(pid: 1)
        #expect(counts.enter(pid: 1) == nil)
        #expect(counts.enter(pid: 1) == nil)
        #expect(counts.all == 4)
    }
}
