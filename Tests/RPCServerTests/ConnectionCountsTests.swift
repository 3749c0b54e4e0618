import JetonAPI
import Testing

@testable import RPCServer

struct ConnectionCountsTests {
    private var counts: ConnectionCounts
    private var limits = SocketLimits()

    init() {
        limits.connections = 4
        limits.connectionsPerProcess = 2
        counts = ConnectionCounts(limits: limits, to: .agent)
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
        #expect(counts.enter(pid: 5) == "there may be 4 connections to this socket")
        counts.leave(pid: 3)
        #expect(counts.enter(pid: 5) == nil)
        #expect(counts.enter(pid: 3) != nil)
    }

    @Test(arguments: [(1, 1), (15, 1), (16, 2), (1024, 128)])
    mutating func `the restricted socket has an eighth, and one at least`(connections: Int, share: Int) {
        limits.connections = connections
        counts = ConnectionCounts(limits: limits, to: .restricted)
        for pid in 1...share { #expect(counts.enter(pid: pid) == nil) }
        #expect(counts.enter(pid: share + 1) == "there may be \(share) connections to this socket")
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
