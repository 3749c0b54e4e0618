internal import JetonAPI

/// The course of one connection: it is told what happened, and says what is to be done next. It does nothing itself.
struct ConnectionState<Work> {
    /// What is to be done.
    enum Step {
        /// A line is there to be answered.
        case answer([UInt8])
        /// A request's turn has come.
        case begin(Request)
        /// The client did what it must not: this is the last that it is told.
        case refuse(AgentError)
        /// All is said. Once that has gone out, the connection ends.
        case close
        /// Nothing, until something happens.
        case wait
    }

    /// A request that takes its time.
    struct Request {
        let number: Int
        let id: RequestID?
        let work: Work
        /// Cancelled before its turn came. It is begun all the same, for it is owed an answer.
        var isCancelled = false
        fileprivate let batch: Int?
    }

    private enum Input { case open, refused(AgentError), ended, closed }

    private let limits: SocketLimits
    private var lines: LineBuffer
    private var input = Input.open
    private var isWritable = true
    private var waiting: [Request] = []
    private var running: [Int: Request] = [:]
    private var batches: [Int: Batch] = [:]
    private var lastNumber = 0

    init(limits: SocketLimits) {
        self.limits = limits
        lines = LineBuffer(maximumLength: limits.messageBytes)
    }

    // MARK: What happened

    mutating func received(_ bytes: ArraySlice<UInt8>) {
        if case .open = input { lines.append(bytes) }
    }

    /// The client has ended its side; it still gets its answers.
    mutating func inputEnded() {
        guard case .open = input else { return }
        lines.end()
        input = .ended
    }

    /// The client is to be told off, and to be left.
    mutating func refuse(_ error: AgentError) {
        guard case .open = input else { return }
        lines.drop()
        input = .refused(error)
    }

    /// A line was begun, and not completed in time.
    mutating func lineTimedOut() {
        refuse(.invalidRequest("a line must be completed within \(limits.lineMs) ms"))
    }

    /// Whether the client's unread answers are below their cap.
    mutating func writabilityChanged(to isWritable: Bool) { self.isWritable = isWritable }

    /// A line, or a member of a batch, turned out to be a request that takes its time.
    mutating func add(_ work: Work, id: RequestID?, batch: Int? = nil) {
        lastNumber += 1
        waiting.append(Request(number: lastNumber, id: id, work: work, batch: batch))
        if let batch { batches[batch]?.missing += 1 }
    }

    /// A line turned out to be a batch; gives its number. Its members come one by one: each may be about those before it.
    mutating func beginBatch() -> Int {
        lastNumber += 1
        batches[lastNumber] = Batch()
        return lastNumber
    }

    /// A member of a batch is answered already.
    mutating func add(_ reply: [UInt8]?, to batch: Int) {
        if let reply { batches[batch]?.reply.append(reply) }
    }

    /// What a further request of a batch is answered by where the answers so far leave no room for its own.
    func refusal(inBatch batch: Int) -> AgentError? {
        guard let count = batches[batch]?.reply.count, count >= limits.batchBytes else { return nil }
        let problem = "the answers to one batch have reached \(limits.batchBytes) bytes"
        let advice = "Nothing was done for this request: repeat it by itself, or in a smaller batch."
        return AgentError(.busy, "Too much at once: \(problem). \(advice)", ["limit": .string(problem)])
    }

    /// All members of a batch are there. Gives its answer where none of them takes its time.
    mutating func endBatch(_ batch: Int) -> [UInt8]? { answer(ofBatch: batch) }

    /// A request has its answer; gives the one that is to be sent now, which may be that of a whole batch.
    mutating func finished(_ number: Int, with reply: [UInt8]?) -> [UInt8]? {
        guard let request = running.removeValue(forKey: number) else { return nil }
        guard let batch = request.batch else { return reply }
        add(reply, to: batch)
        batches[batch]?.missing -= 1
        return answer(ofBatch: batch)
    }

    /// Somebody wants the requests under `id` cancelled; gives the running ones, nil where there is none at all.
    mutating func cancel(_ id: RequestID) -> [Int]? {
        let found = running.values.filter { $0.id == id }.map(\.number)
        let later = waiting.indices.filter { waiting[$0].id == id }
        for index in later { waiting[index].isCancelled = true }
        return found.isEmpty && later.isEmpty ? nil : found
    }

    /// The connection is no more.
    mutating func closed() {
        lines.drop()
        waiting = []
        input = .closed
    }

    // MARK: What is to be done

    /// The next thing to do. Ask again after it is done, until it is to wait.
    mutating func next() -> Step {
        if case .refused(let error) = input {
            input = .ended
            return .refuse(error)
        }
        if running.count < limits.inFlight, !waiting.isEmpty {
            let request = waiting.removeFirst()
            running[request.number] = request
            return .begin(request)
        }
        if hasRoom, let piece = lines.next() {
            guard case .line(let line) = piece else {
                // Also after the client has ended its side.
                input = .open
                refuse(.invalidRequest("a line has at most \(limits.messageBytes) bytes"))
                return next()
            }
            return .answer(line)
        }
        if case .ended = input, lines.isEmpty, isIdle {
            input = .closed
            return .close
        }
        return .wait
    }

    /// Whether more should be read from the client.
    var wantsInput: Bool {
        guard case .open = input else { return false }
        return hasRoom
    }

    /// Whether the client has begun a line and nobody but itself keeps it from completing it.
    var awaitsRestOfLine: Bool { wantsInput && lines.hasBegunLine }

    /// Whether nothing runs, and nothing will.
    var isIdle: Bool { running.isEmpty && waiting.isEmpty }

    private var hasRoom: Bool { isWritable && waiting.isEmpty && running.count < limits.inFlight }

    /// Nil where a member's answer is missing, or nothing is to be said.
    private mutating func answer(ofBatch batch: Int) -> [UInt8]? {
        guard batches[batch]?.missing == 0 else { return nil }
        return batches.removeValue(forKey: batch)?.reply.end()
    }
}

/// The answers to a batch, until they are all there.
private struct Batch {
    var reply = Reply.Batch()
    var missing = 0
}
