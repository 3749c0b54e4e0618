internal import JetonAPI
internal import Privacy
internal import SystemPackage

/// One client, on the serving thread: does what the connection's state says.
/// A request that needs no waiting is answered in the very turn that reads it. One that does runs as a task, on the
/// serving thread too.
final class Connection: Waiting {
    typealias Work = @Sendable () async -> [UInt8]?

    /// How long a client that has just connected has for its first words when the agent stops. Where systemd restarts
    /// it, programs go on connecting all the while, and none of them is to be sent away.
    private static let welcome = Duration.seconds(1)

    let socket: ClientSocket
    let outlet: Outlet
    private let entrance: Entrance
    private let thread: ServingThread
    /// Those of the moment at which it connected.
    private let limits: SocketLimits
    private let since = SuspendingClock.Instant.now
    private var state: ConnectionState<Work>
    private var outgoing: Outgoing
    private var caller: Caller?
    private var watch: ServingThread.Watch?
    /// Not structured: a task's parent would have to be one that waits for this connection, and an idle connection
    /// has none. They are cancelled when the connection ends, and counted until they have ended.
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var lineAlarm: ServingThread.Alarm?
    /// Whether all is said, so that the connection ends once it has gone out.
    private var isLeaving = false
    private var isProceeding = false
    private var readers: [@Sendable () -> Void] = []

    init(_ socket: ClientSocket, _ entrance: Entrance) {
        self.socket = socket
        self.entrance = entrance
        thread = entrance.thread
        limits = entrance.limits.now
        state = ConnectionState(limits: limits)
        outgoing = Outgoing(most: limits.pendingBytes)
        outlet = Outlet(maximumBytes: limits.pendingBytes)
    }

    // MARK: Events of the socket

    /// - Throws: the kernel's error, where it has no room for one more.
    func begin() throws(Errno) {
        watch = try thread.watch(socket.descriptor, for: .input, self)
        do throws(AgentError) {
            caller = try entrance.admit(self)
        } catch {
            state.refuse(error)
            proceed()
        }
    }

    func isReady(for readiness: Epoll.Readiness) {
        if readiness.contains(.output) { outgoing.isBlocked = false }
        if readiness.contains(.input) {
            receive()
        } else if !readiness.isDisjoint(with: .hangUp) {
            return close()
        }
        proceed()
    }

    private func receive() {
        do throws(Errno) {
            let count = try socket.receive(&thread.room)
            if count > 0 { state.received(thread.room[..<count]) } else { state.inputEnded() }
            // A password may be in it, and the room stays.
            ProcessPrivacy.wipe(&thread.room, first: count)
        } catch .wouldBlock, .interrupted {
            return
        } catch {
            close()
        }
    }

    private func close() {
        guard let watch else { return }
        thread.forget(watch)
        self.watch = nil
        socket.close()
        state.closed()
        ignoreLine()
        readers = []
        for task in tasks.values { task.cancel() }
        outlet.end()
        leaveIfDone()
    }

    // MARK: What others want of it

    /// Ends our reading side. What the client has sent until then is still read, and the answers go out.
    func stop() {
        thread.alarm(at: since + Self.welcome) { if self.watch != nil { self.socket.endInput() } }
    }

    /// Ends at once.
    func abort() { close() }

    func cancel(_ id: RequestID) -> Bool {
        guard let numbers = state.cancel(id) else { return false }
        for number in numbers { tasks[number]?.cancel() }
        return true
    }

    /// Sends a notification.
    func notify(_ message: [UInt8]) {
        write(message)
        if outlet.arrived(message.count) { tellReaders() }
        proceed()
    }

    /// Calls `action` each time when the client has read enough for more to be sent.
    func whenReading(_ action: @escaping @Sendable () -> Void) { if watch != nil { readers.append(action) } }

    /// More can be sent again.
    private func tellReaders() {
        // In a later turn: whoever sends may hold a lock that the reader needs.
        for reader in readers { thread.inbox.execute(reader) }
    }

    // MARK: Doing what the state says

    private func proceed() {
        // What is done here may call back: then the turn that is under way goes on with what is new.
        guard !isProceeding else { return }
        isProceeding = true
        while watch != nil, perform(state.next()) {}
        isProceeding = false
        guard watch != nil else { return }
        watchLine()
        // Unread, further requests wait in the kernel, and the client with them.
        let input: Epoll.Readiness = state.wantsInput ? .input : []
        thread.change(&watch, to: input.union(outgoing.isBlocked ? .output : []))
    }

    /// False where there is nothing left to be done.
    private func perform(_ step: ConnectionState<Work>.Step) -> Bool {
        switch step {
        case .answer(let line):
            ignoreLine()
            if let caller { answer(Incoming(line: line), for: caller) }
        case .begin(let request): begin(request)
        case .refuse(let error): write(Reply.bytes(id: .null, error: error))
        case .close: isLeaving = true
        case .wait: return flush()
        }
        return true
    }

    private func answer(_ incoming: Incoming, for caller: Caller) {
        switch incoming {
        case .call(let call):
            switch entrance.table.answer(call, for: caller) {
            case .ready(let reply): write(reply)
            case .pending(let work): state.add(work, id: call.id)
            }
        case .refused(let refusal): write(Reply.bytes(id: refusal.id, error: refusal.error))
        case .batch(let members):
            let batch = state.beginBatch()
            for member in members {
                switch member {
                case .failure(let refusal): state.add(Reply.bytes(id: refusal.id, error: refusal.error), to: batch)
                case .success(let call): answer(call, in: batch, for: caller)
                }
            }
            write(state.endBatch(batch))
        }
    }

    private func answer(_ call: Call, in batch: Int, for caller: Caller) {
        // A notification adds nothing to what the client has to read.
        if let id = call.id, let refusal = state.refusal(inBatch: batch) {
            return state.add(Reply.bytes(id: id, error: refusal), to: batch)
        }
        switch entrance.table.answer(call, for: caller) {
        case .ready(let reply): state.add(reply, to: batch)
        case .pending(let work): state.add(work, id: call.id, batch: batch)
        }
    }

    private func begin(_ request: ConnectionState<Work>.Request) {
        let connection = ThreadBound(self, thread.inbox)
        let (number, work) = (request.number, request.work)
        let task = Task(executorPreference: thread.inbox) {
            let reply = await work()
            connection.value.finish(number, with: reply)
        }
        if request.isCancelled { task.cancel() }
        tasks[request.number] = task
    }

    private func finish(_ number: Int, with reply: [UInt8]?) {
        tasks[number] = nil
        let reply = state.finished(number, with: reply)
        guard watch != nil else { return leaveIfDone() }
        write(reply)
        proceed()
    }

    private func write(_ reply: [UInt8]?) {
        guard let reply, watch != nil else { return }
        outgoing.append(reply)
        if outgoing.isFull { _ = flush() }
    }

    /// Gives the socket what it takes now. Whether there is something else to be done since.
    private func flush() -> Bool {
        do throws(Errno) {
            try outgoing.send(to: socket)
        } catch {
            close()
        }
        if isLeaving, outgoing.isEmpty { close() }
        guard watch != nil, outgoing.noteReading() else { return false }
        state.writabilityChanged(to: !outgoing.isBehind)
        outlet.fullnessChanged(to: outgoing.isBehind)
        if !outgoing.isBehind { tellReaders() }
        return true
    }

    /// Lets a line that was begun time out, for as long as only the client is in its way.
    private func watchLine() {
        guard state.awaitsRestOfLine else { return ignoreLine() }
        guard lineAlarm == nil else { return }
        lineAlarm = thread.alarm(at: .now + .milliseconds(limits.lineMs)) {
            self.state.lineTimedOut()
            self.proceed()
        }
    }

    private func ignoreLine() {
        guard let lineAlarm else { return }
        thread.cancel(lineAlarm)
        self.lineAlarm = nil
    }

    /// A client that has gone holds its place until what it asked for has ended: else it could ask without end.
    private func leaveIfDone() {
        guard tasks.isEmpty, let caller else { return }
        self.caller = nil
        entrance.connections.leave(caller)
    }
}
