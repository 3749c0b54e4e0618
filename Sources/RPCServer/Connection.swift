internal import JetonAPI
internal import NIOCore
internal import ServiceLifecycle

/// One client: its lines become calls, the answers lines.
struct Connection: Sendable {
    typealias Wrapped = NIOAsyncChannel<LineDecoder.Frame, ByteBuffer>

    let channel: any Channel
    let caller: Caller
    let running: RunningRequests
    let table: MethodTable<Caller>
    let limits: SocketLimits
    let since = NIODeadline.now()

    /// Serves until the client has closed, or has said all it wants and read its answers.
    func serve() async {
        await withTaskGroup { group in
            // A client that has gone withdraws what it asked for; one that has only ended its own side has not.
            group.addTask { try? await channel.closeFuture.get() }
            group.addTask { await answerAll() }
            await group.next()
            group.cancelAll()
        }
    }

    private func answerAll() async {
        // Ignoring failures: they mean that the client has gone.
        try? await withGracefulShutdownHandler {
            let wrapped = try Wrapped(wrappingChannelSynchronously: channel)
            try await wrapped.executeThenClose { inbound, outbound in
                channel.setOption(.autoRead, value: true).whenFailure { _ in }
                try await answer(inbound, on: outbound)
            }
        } onGracefulShutdown: {
            stopReading()
        }
    }

    private func answer(
        _ frames: NIOAsyncChannelInboundStream<LineDecoder.Frame>,
        on outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for try await frame in frames {
                guard case .line(let line) = frame else {
                    let problem = "a line has at most \(limits.messageBytes) bytes"
                    try await write(Reply.bytes(id: .null, error: .invalidRequest(problem)), on: outbound)
                    break
                }
                if running == limits.inFlight {
                    _ = try await group.next()
                    running -= 1
                }
                running += 1
                group.addTask {
                    guard let reply = await reply(to: line) else { return }
                    try await write(reply, on: outbound)
                }
            }
            try await group.waitForAll()
        }
    }

    private func write(_ reply: [UInt8], on outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws {
        var buffer = channel.allocator.buffer(capacity: reply.count + 1)
        buffer.writeBytes(reply)
        buffer.writeInteger(UInt8(ascii: "\n"))
        try await outbound.write(buffer)
    }

    private func reply(to line: ByteBuffer) async -> [UInt8]? {
        switch Incoming(line: Array(line.readableBytesView)) {
        case .call(let call): await reply(to: call)
        case .refused(let refusal): Reply.bytes(id: refusal.id, error: refusal.error)
        case .batch(let members): await reply(toBatch: members)
        }
    }

    private func reply(to call: Call) async -> [UInt8]? {
        switch table.answer(call, for: caller) {
        case .ready(let reply): reply
        case .pending(let wait): await running.run(call.id, wait)
        }
    }

    /// The members of a batch run side by side, like requests on lines of their own.
    private func reply(toBatch members: [Result<Call, Incoming.Refusal>]) async -> [UInt8]? {
        await withTaskGroup { group in
            for member in members {
                group.addTask {
                    switch member {
                    case .success(let call): await reply(to: call)
                    case .failure(let refusal): Reply.bytes(id: refusal.id, error: refusal.error)
                    }
                }
            }
            var replies: [[UInt8]] = []
            for await reply in group { if let reply { replies.append(reply) } }
            return Reply.batch(replies)
        }
    }
}
