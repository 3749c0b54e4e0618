internal import Glibc
internal import JetonAPI
internal import NIOCore
internal import NIOPosix

/// One client, on its event loop: does what the connection's state says.
/// A request that needs no waiting is answered in the very call that reads it. One that does runs as a task, on the
/// event loop too.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    typealias Work = @Sendable () async -> [UInt8]?

    /// How long a client that has just connected has for its first words when the agent stops. Where systemd restarts
    /// it, programs go on connecting all the while, and none of them is to be sent away.
    private static let welcome = TimeAmount.seconds(1)

    private let entrance: Entrance
    /// Those of the moment at which it connected.
    let limits: SocketLimits
    private let since = NIODeadline.now()
    private var state: ConnectionState<Work>
    private var context: ChannelHandlerContext?
    private var caller: Caller?
    /// Not structured: a task's parent would have to be one that waits for this connection, and an idle connection
    /// has none. They are cancelled when the connection ends, and counted until they have ended.
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var lineTimer: Scheduled<Void>?
    private var readIsDue = false
    private var isUnflushed = false
    private var isProceeding = false
    private var readers: [@Sendable () -> Void] = []

    init(_ entrance: Entrance) {
        self.entrance = entrance
        limits = entrance.limits.now
        state = ConnectionState(limits: limits)
    }

    // MARK: Events of the channel

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        do throws(AgentError) {
            caller = try entrance.admit(self, context.channel)
        } catch {
            state.refuse(error)
        }
        proceed(context)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        state.received(unwrapInboundIn(data))
        proceed(context)
    }

    /// The client has ended its side, or it is we who stop.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed = event as? ChannelEvent else { return context.fireUserInboundEventTriggered(event) }
        state.inputEnded()
        proceed(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        state.writabilityChanged(to: isWritable)
        if isWritable { tellReaders() }
        proceed(context)
    }

    /// Unread, further requests wait in the kernel, and the client with them.
    func read(context: ChannelHandlerContext) {
        if state.wantsInput { context.read() } else { readIsDue = true }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        state.closed()
        lineTimer?.cancel()
        readers = []
        for task in tasks.values { task.cancel() }
        leaveIfDone()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    // MARK: What others want of it

    /// Ends our reading side. What the client has sent until then is still read, and the answers go out.
    func stop() {
        guard let context else { return }
        context.eventLoop.assumeIsolated().scheduleTask(in: max(since + Self.welcome - .now(), .zero)) {
            guard let context = self.context else { return }
            // By the kernel and not by NIO, which would drop what has arrived and is not read yet.
            _ = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                shutdown($0, CInt(SHUT_RD))
            }
        }
    }

    /// Ends at once.
    func abort() { context?.close(promise: nil) }

    func cancel(_ id: RequestID) -> Bool {
        guard let numbers = state.cancel(id) else { return false }
        for number in numbers { tasks[number]?.cancel() }
        return true
    }

    /// Calls `action` each time when the client has read enough for more to be sent.
    func whenReading(_ action: @escaping @Sendable () -> Void) { readers.append(action) }

    /// More can be sent again.
    func tellReaders() {
        // In a later turn of the loop: whoever sends may hold a lock that the reader needs.
        for reader in readers { context?.eventLoop.execute(reader) }
    }

    // MARK: Doing what the state says

    private func proceed(_ context: ChannelHandlerContext) {
        // What is done here may call back: then the turn that is under way goes on with what is new.
        guard !isProceeding else { return }
        isProceeding = true
        while perform(state.next(), context) {}
        isProceeding = false
        watchLine(context)
        if readIsDue, state.wantsInput {
            readIsDue = false
            context.read()
        }
    }

    /// False where there is nothing left to be done.
    private func perform(_ step: ConnectionState<Work>.Step, _ context: ChannelHandlerContext) -> Bool {
        switch step {
        case .answer(let line):
            lineTimer?.cancel()
            lineTimer = nil
            if let caller { answer(Incoming(line: Array(line.readableBytesView)), for: caller, context) }
        case .begin(let request): begin(request, context)
        case .refuse(let error): write(Reply.bytes(id: .null, error: error), context)
        case .close:
            // Empty, but its turn comes when all that was written before is with the client.
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
        case .wait:
            guard isUnflushed else { return false }
            isUnflushed = false
            context.flush()
        }
        return true
    }

    private func answer(_ incoming: Incoming, for caller: Caller, _ context: ChannelHandlerContext) {
        switch incoming {
        case .call(let call):
            switch entrance.table.answer(call, for: caller) {
            case .ready(let reply): write(reply, context)
            case .pending(let work): state.add(work, id: call.id)
            }
        case .refused(let refusal): write(Reply.bytes(id: refusal.id, error: refusal.error), context)
        case .batch(let members):
            let batch = state.beginBatch()
            for member in members {
                switch member {
                case .failure(let refusal): state.add(Reply.bytes(id: refusal.id, error: refusal.error), to: batch)
                case .success(let call):
                    switch entrance.table.answer(call, for: caller) {
                    case .ready(let reply): state.add(reply, to: batch)
                    case .pending(let work): state.add(work, id: call.id, batch: batch)
                    }
                }
            }
            write(state.endBatch(batch), context)
        }
    }

    private func begin(_ request: ConnectionState<Work>.Request, _ context: ChannelHandlerContext) {
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let (number, work) = (request.number, request.work)
        let task = Task(executorPreference: entrance.executor) {
            let reply = await work()
            handler.value.finish(number, with: reply)
        }
        if request.isCancelled { task.cancel() }
        tasks[request.number] = task
    }

    private func finish(_ number: Int, with reply: [UInt8]?) {
        tasks[number] = nil
        let reply = state.finished(number, with: reply)
        guard let context else { return leaveIfDone() }
        write(reply, context)
        proceed(context)
    }

    private func write(_ reply: [UInt8]?, _ context: ChannelHandlerContext) {
        guard let reply else { return }
        var buffer = context.channel.allocator.buffer(capacity: reply.count + 1)
        buffer.writeBytes(reply)
        buffer.writeInteger(UInt8(ascii: "\n"))
        context.write(wrapOutboundOut(buffer), promise: nil)
        isUnflushed = true
    }

    /// Lets a line that was begun time out, for as long as only the client is in its way.
    private func watchLine(_ context: ChannelHandlerContext) {
        guard state.awaitsRestOfLine else {
            lineTimer?.cancel()
            lineTimer = nil
            return
        }
        guard lineTimer == nil else { return }
        lineTimer = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(limits.lineMs))) {
            self.state.lineTimedOut()
            self.proceed(context)
        }
    }

    /// A client that has gone holds its place until what it asked for has ended: else it could ask without end.
    private func leaveIfDone() {
        guard tasks.isEmpty, let caller else { return }
        self.caller = nil
        entrance.connections.leave(caller)
    }
}
