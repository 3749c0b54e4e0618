import Foundation
import TestSupport
import Testing

/// Whatever comes over the socket of a real agent is answered or refused, the connection goes on, and nothing is kept.
@Suite(.timeLimit(.minutes(10))) struct ProtocolCorpusTests {
    private static let ping = #"{"jsonrpc":"2.0","id":"after","method":"agent.ping"}"#
    private static let pong = #"{"jsonrpc":"2.0","id":"after","result":{}}"#

    /// Sends a line, looks at its answer, and at that of a ping behind it on the same connection.
    private static func ask(_ asked: ProtocolCase, over client: RawConnection) throws {
        try client.send(asked.line + Array("\n\(ping)\n".utf8))
        if let parts = asked.answer {
            let answer = try client.line() ?? "the end"
            for part in parts { #expect(answer.contains(part), "\(asked.name): \(answer)") }
        }
        #expect(try client.line() == pong, "\(asked.name)")
    }

    @Test(arguments: ProtocolCase.all)
    func `every line is answered as it deserves, and the connection goes on`(asked: ProtocolCase) async throws {
        let socket = try await sharedAgent.value.socket
        try await onThread { try Self.ask(asked, over: RawConnection(socket)) }
    }

    @Test func `thousands of rounds of all of it leave nothing behind`() async throws {
        let agent = try await AgentUnderTest().start()
        let (socket, pid) = (agent.socket, agent.pid)
        try await onThread {
            let client = try RawConnection(socket)
            func ask(_ times: Int) throws {
                for _ in 1...times { for asked in ProtocolCase.all { try Self.ask(asked, over: client) } }
            }
            try ask(5)
            let before = try privateKilobytes(pid)
            try ask(30)
            // 30 bytes kept of each would be as much.
            #expect(try privateKilobytes(pid) - before < 256)
        }
        try await agent.stop()
    }

    @Test(arguments: [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1])
    func `a line of 64 KiB is answered, in whatever pieces it comes; one byte more ends that connection alone`(
        length: Int
    ) async throws {
        let socket = try await sharedAgent.value.socket
        let head = #"{"jsonrpc":"2.0","id":1,"method":"agent.ping","x":""#
        let line = head + String(repeating: "x", count: length - head.utf8.count - 2) + #""}"#
        #expect(line.utf8.count == length)
        try await onThread {
            for size in [1 << 20, 4096, 1021] {
                let client = try RawConnection(socket)
                var rest = Array("\(line)\n\(Self.ping)\n".utf8)[...]
                while !rest.isEmpty {
                    // What it will not read any more it may not take either.
                    do { try client.send(Array(rest.prefix(size))) } catch { break }
                    rest = rest.dropFirst(size)
                }
                let answer = try client.line() ?? "the end"
                if length <= 64 * 1024 {
                    #expect(answer == #"{"jsonrpc":"2.0","id":1,"result":{}}"#)
                    #expect(try client.line() == Self.pong)
                } else {
                    #expect(
                        answer.contains("at most 65536 bytes") && answer.contains(#""id":null,"error":{"code":-32600"#)
                    )
                    #expect(try client.line() == nil)
                }
            }
            let next = try RawConnection(socket)
            try next.send(Self.ping + "\n")
            #expect(try next.line() == Self.pong)
        }
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
    func `a hundred thousand levels are refused where lines may be that long`(opening: String) async throws {
        let agent = try await AgentUnderTest(configuration: "{socket: {message_bytes: 1048576}}").start()
        let socket = agent.socket
        try await onThread {
            let client = try RawConnection(socket)
            try client.send(String(repeating: opening, count: 100_000) + "\n\(Self.ping)\n")
            #expect(try client.line()?.contains(#""id":null,"error":{"code":-32700"#) == true)
            #expect(try client.line() == Self.pong)
        }
        try await agent.stop()
    }
}

/// One agent for all requests that change nothing.
private let sharedAgent = Task { try await AgentUnderTest().start() }

/// What the process has written to and shares with nobody.
private func privateKilobytes(_ pid: Int32) throws -> Int {
    let text = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Private_Dirty:") })
    return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
}
