import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// Clients that keep the agent waiting, or leave it: nobody else notices, and it holds no more for them than it said.
@Suite struct StallTests {
    private static let ping = #"{"jsonrpc":"2.0","id":1,"method":"agent.ping"}"#
    private static let pong = #"{"jsonrpc":"2.0","id":1,"result":{}}"#

    @Test func `a line that is not completed in time is refused, and the connection ends`() async throws {
        let agent = try await AgentUnderTest(configuration: "{socket: {line_ms: 200}}").start()
        let socket = agent.socket
        let answers = try await onThread {
            let client = try RawConnection(socket)
            try client.send(Self.ping + "\n" + #"{"jsonrpc":"#)
            return [try client.line(), try client.line(), try client.line()]
        }
        #expect(answers[0] == Self.pong)
        #expect(answers[1]?.contains(#""id":null,"error":{"code":-32600"#) == true)
        #expect(answers[1]?.contains("a line must be completed within 200 ms") == true)
        #expect(answers[2] == nil)
        try await agent.stop()
    }

    @Test func `a hundred clients that stall in mid-line keep nobody else waiting`() async throws {
        // A busy machine takes its time for so many; until then no line is late.
        let settings = "{socket: {connections_per_process: 200, line_ms: 600000}}"
        let agent = try await AgentUnderTest(configuration: settings).start()
        let socket = agent.socket
        try await onThread {
            let stalled = try (1...100).map { _ in try RawConnection(socket) }
            for client in stalled { try client.send(String(Self.ping.dropLast())) }
            let other = try RawConnection(socket)
            for _ in 1...1000 {
                try other.send(Self.ping + "\n")
                #expect(try other.line() == Self.pong)
            }
            // They were not forgotten either.
            for client in stalled {
                try client.send("}\n")
                #expect(try client.line() == Self.pong)
            }
        }
        try await agent.stop()
    }

    @Test func `a client that never reads is not read either, and gets all its answers once it does`() async throws {
        let agent = try await AgentUnderTest().start()
        let (socket, pid) = (agent.socket, agent.pid)
        try await onThread {
            let client = try RawConnection(socket)
            let request = #"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"# + "\n"
            try client.send(request)
            let description = try #require(try client.line())
            let before = try residentKilobytes(pid)
            // Many in one piece: the kernel counts the pieces that it keeps, too.
            let sent = 100 * (try client.sendUntilStopped(String(repeating: request, count: 100)))
            // Answered without bounds, so many requests would be tens of megabytes.
            #expect(sent * description.utf8.count > 20_000_000)
            #expect(try residentKilobytes(pid) - before < 4096)
            #expect(try RPCClient(path: socket).call(Ping()) == Nothing())
            for _ in 0..<sent { #expect(try client.line()?.utf8.count == description.utf8.count) }
        }
        try await agent.stop()
    }

    @Test func `clients that ask for much by batches, and never read, are held to little`() async throws {
        let agent = try await AgentUnderTest().start()
        let (socket, pid) = (agent.socket, agent.pid)
        try await onThread {
            let request = #"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#
            let batch = "[" + Array(repeating: request, count: 32).joined(separator: ",") + "]\n"
            let first = try RawConnection(socket)
            try first.send(request + "\n")
            let description = try #require(try first.line()).utf8.count
            let before = try residentKilobytes(pid)
            let clients = try (1...16).map { _ in try RawConnection(socket) }
            let sent = try clients.map { try $0.sendUntilStopped(batch) }
            // Answered in full, just one batch of each would be forty megabytes.
            #expect(sent.allSatisfy { $0 > 1 } && 16 * 32 * description > 40_000_000)
            #expect(try residentKilobytes(pid) - before < 16 * 1024)
            #expect(try RPCClient(path: socket).call(Ping()) == Nothing())
            for _ in 0..<sent[0] {
                let answer = try #require(try clients[0].line())
                #expect(answer.utf8.count < 400_000)
                #expect(answer.contains(#""kind":"busy""#))
            }
        }
        try await agent.stop()
    }

    @Test func `a client that has always begun the next request costs no more, however many it makes`() async throws {
        let agent = try await AgentUnderTest().start()
        let (socket, pid) = (agent.socket, agent.pid)
        try await onThread {
            let client = try RawConnection(socket)
            let request = Self.ping + String(repeating: " ", count: 4095 - Self.ping.utf8.count) + "\n"
            // A byte of the next one ahead: the agent reads in powers of two, and never just to a newline.
            try client.send(request + "{")
            #expect(try client.line() == Self.pong)
            let next = request.dropFirst() + "{"
            func ask(_ times: Int) throws {
                for _ in 0..<times / 16 {
                    try client.send(String(repeating: String(next), count: 16))
                    for _ in 1...16 { #expect(try client.line() == Self.pong) }
                }
            }
            try ask(160)
            let before = try residentKilobytes(pid)
            // Kept, they would be 32 MB.
            try ask(8192)
            #expect(try residentKilobytes(pid) - before < 2048)
        }
        try await agent.stop()
    }

    @Test func `a client that subscribes and unsubscribes on and on costs no more for it`() async throws {
        let agent = try await AgentUnderTest().start()
        let (socket, pid) = (agent.socket, agent.pid)
        try await onThread {
            let client = try RawConnection(socket)
            let pair = ["subscribe", "unsubscribe"].map { #"{"jsonrpc":"2.0","id":1,"method":"event.\#($0)"}"# + "\n" }
            func ask(_ times: Int) throws {
                for _ in 0..<times / 100 {
                    try client.send(String(repeating: pair.joined(), count: 100))
                    for _ in 1...200 { #expect(try client.line() == Self.pong) }
                }
            }
            try ask(1000)
            let before = try residentKilobytes(pid)
            try ask(20_000)
            #expect(try residentKilobytes(pid) - before < 2048)
        }
        try await agent.stop()
    }

    @Test func `a client that connects and leaves ten thousand times leaves nothing behind`() async throws {
        let agent = try await AgentUnderTest().start()
        let (socket, pid) = (agent.socket, agent.pid)
        try await onThread {
            func comeAndGo(_ times: Int) throws {
                for time in 0..<times {
                    let client = try RawConnection(socket)
                    switch time % 3 {
                    case 0: break
                    case 1: try client.send("{")
                    default:
                        try client.send(Self.ping + "\n")
                        #expect(try client.line() == Self.pong)
                    }
                }
            }
            try comeAndGo(1000)
            let before = try residentKilobytes(pid)
            try comeAndGo(10_000)
            #expect(try residentKilobytes(pid) - before < 2048)
        }
        _ = try await agent.call(Ping())
        try await agent.stop()
    }

    @Test func `a thousand idle clients cost little, and are all answered`() async throws {
        let agent = try await AgentUnderTest(configuration: "{socket: {connections_per_process: 1024}}").start()
        let (socket, pid) = (agent.socket, agent.pid)
        try await onThread {
            let before = try residentKilobytes(pid)
            let clients = try (1...1000).map { _ in try RawConnection(socket) }
            for _ in 1...2 {
                for client in clients {
                    try client.send(Self.ping + "\n")
                    #expect(try client.line() == Self.pong)
                }
            }
            #expect(try residentKilobytes(pid) - before < 12 * 1024)
        }
        try await agent.stop()
    }

    @Test func `many requests at once are all answered, also after the client has ended its side`() async throws {
        let agent = try await AgentUnderTest(configuration: "{socket: {in_flight: 2}}").start()
        let socket = agent.socket
        let answers = try await onThread {
            let client = try RawConnection(socket)
            for id in 1...500 {
                let method = id.isMultiple(of: 2) ? "agent.ping" : "account.list"
                try client.send(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"}"# + "\n")
            }
            client.endInput()
            var answers: [String] = []
            while let answer = try client.line() { answers.append(answer) }
            return answers
        }
        #expect(answers.count == 500)
        #expect(Set(answers).count == 500)
        try await agent.stop()
    }
}

/// What a process holds in memory (proc(5), VmRSS).
private func residentKilobytes(_ pid: Int32) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
    return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
}
