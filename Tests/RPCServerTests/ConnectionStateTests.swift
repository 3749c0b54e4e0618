import JetonAPI
import Testing

@testable import RPCServer

/// A connection's course, without a connection: the work of a request is its name.
struct ConnectionStateTests {
    private var state: ConnectionState<String>

    init() {
        var limits = SocketLimits()
        limits.messageBytes = 8
        limits.inFlight = 2
        state = ConnectionState(limits: limits)
    }

    /// All that is to be done now: `a` for a line, `>a` for a request begun, `!` for a refusal, `.` for the end.
    private mutating func steps() -> [String] {
        var steps: [String] = []
        while true {
            switch state.next() {
            case .answer(let line): steps.append(String(decoding: line, as: UTF8.self))
            case .begin(let request): steps.append(">\(request.isCancelled ? "cancelled " : "")\(request.work)")
            case .refuse: steps.append("!")
            case .close: steps.append(".")
            case .wait: return steps
            }
        }
    }

    private mutating func receive(_ text: String) -> [String] {
        state.received(Array(text.utf8)[...])
        return steps()
    }

    /// Takes the next line for a request that takes its time; gives its number.
    private mutating func begin(_ work: String, id: RequestID? = nil) -> Int? {
        state.add(work, id: id)
        guard case .begin(let request) = state.next() else { return nil }
        #expect(request.work == work)
        return request.number
    }

    /// A batch of requests that take their time, and of members that are answered; gives its answer.
    private mutating func batch(_ members: [(id: RequestID?, work: String)], replies: [[UInt8]] = []) -> [UInt8]? {
        let batch = state.beginBatch()
        for reply in replies { state.add(reply, to: batch) }
        for member in members { state.add(member.work, id: member.id, batch: batch) }
        return state.endBatch(batch)
    }

    @Test mutating func `gives lines one by one, and then waits for more`() {
        #expect(receive("a\nb\nc") == ["a", "b"])
        #expect(state.wantsInput)
        #expect(receive("d\n") == ["cd"])
    }

    @Test mutating func `reads no further while as many requests run as may`() throws {
        let first = try #require(begin("a"))
        #expect(receive("x\n") == ["x"])
        _ = try #require(begin("b"))
        #expect(!state.wantsInput)
        #expect(receive("y\nz\n") == [])
        #expect(state.finished(first, with: [1]) == [1])
        #expect(steps() == ["y", "z"])
        #expect(state.wantsInput)
    }

    @Test mutating func `starts nothing while the client has too much to read`() {
        state.writabilityChanged(to: false)
        #expect(receive("a\nb\n") == [])
        #expect(!state.wantsInput)
        state.writabilityChanged(to: true)
        #expect(steps() == ["a", "b"])
    }

    @Test mutating func `the members of a batch wait for their turn, and are answered together`() {
        #expect(batch([(nil, "a"), (nil, "b"), (nil, "c")], replies: [[0x30]]) == nil)
        guard case .begin(let a) = state.next(), case .begin(let b) = state.next(), case .wait = state.next() else {
            Issue.record("two of the three should run")
            return
        }
        #expect(receive("x\n") == [])
        #expect(state.finished(b.number, with: [0x32]) == nil)
        guard case .begin(let c) = state.next() else {
            Issue.record("the third should run")
            return
        }
        #expect(steps() == [])
        // A notification's silence.
        #expect(state.finished(a.number, with: nil) == nil)
        #expect(steps() == ["x"])
        #expect(state.finished(c.number, with: [0x33]) == Array("[0,2,3]".utf8))
    }

    @Test mutating func `a batch without anything to wait for is answered at once, or not at all`() {
        #expect(batch([], replies: [[0x30], [0x31]]) == Array("[0,1]".utf8))
        #expect(batch([]) == nil)
        #expect(steps() == [])
    }

    @Test mutating func `a batch whose answers have reached their cap has no room for one more`() {
        var limits = SocketLimits()
        limits.batchBytes = 4
        state = ConnectionState(limits: limits)
        let (full, other) = (state.beginBatch(), state.beginBatch())
        state.add([0x30, 0x30], to: full)
        #expect(state.refusal(inBatch: full) == nil)
        state.add([0x31], to: full)
        #expect(state.refusal(inBatch: full)?.kind == .busy)
        #expect(state.refusal(inBatch: other) == nil)
        #expect(state.endBatch(full) == Array("[00,1]".utf8))
    }

    @Test mutating func `a client that has ended its side still gets its answers, the last line's too`() throws {
        #expect(receive("a\nb") == ["a"])
        let request = try #require(begin("a"))
        state.inputEnded()
        #expect(steps() == ["b"])
        #expect(!state.wantsInput)
        _ = state.finished(request, with: [1])
        #expect(steps() == ["."])
        #expect(steps() == [])
    }

    @Test mutating func `what came before the end of the input waits for its turn like everything else`() throws {
        let first = try #require(begin("a"))
        _ = try #require(begin("b"))
        _ = receive("x\ny")
        state.inputEnded()
        #expect(steps() == [])
        _ = state.finished(first, with: nil)
        #expect(steps() == ["x", "y"])
    }

    @Test mutating func `a line that is too long is the last, and what runs is answered`() throws {
        let request = try #require(begin("a"))
        #expect(receive("x\n123456789\ny\n") == ["x", "!"])
        #expect(receive("z\n") == [])
        #expect(!state.wantsInput)
        _ = state.finished(request, with: [1])
        #expect(steps() == ["."])
    }

    @Test mutating func `a line that is too long is refused after the client has ended its side, too`() {
        state.received(Array("123456789".utf8)[...])
        state.inputEnded()
        #expect(steps() == ["!", "."])
    }

    @Test mutating func `waits for the rest of a line only where nothing but the client keeps it from coming`() throws {
        #expect(!state.awaitsRestOfLine)
        _ = receive("a\nb")
        #expect(state.awaitsRestOfLine)
        state.writabilityChanged(to: false)
        #expect(!state.awaitsRestOfLine)
        state.writabilityChanged(to: true)
        #expect(state.awaitsRestOfLine)
        state.lineTimedOut()
        #expect(!state.awaitsRestOfLine)
        #expect(steps() == ["!", "."])
    }

    @Test mutating func `a request is cancelled by its id, whether or not its turn has come`() throws {
        let id = try #require(Self.id("7"))
        let other = try #require(Self.id("7.0"))
        let first = try #require(begin("a", id: id))
        _ = try #require(begin("b", id: other))
        #expect(batch([(id, "c")]) == nil)
        #expect(state.cancel(id) == [first])
        #expect(state.cancel(try #require(Self.id("8"))) == nil)
        _ = state.finished(first, with: nil)
        #expect(steps() == [">cancelled c"])
        #expect(state.cancel(id)?.count == 1)
    }

    @Test mutating func `a member of a batch that is there can be cancelled before the others are`() throws {
        let (id, other) = (try #require(Self.id("7")), try #require(Self.id("8")))
        let batch = state.beginBatch()
        #expect(state.cancel(id) == nil)
        state.add("a", id: id, batch: batch)
        #expect(state.cancel(id) == [])
        state.add("b", id: other, batch: batch)
        #expect(state.endBatch(batch) == nil)
        #expect(steps() == [">cancelled a", ">b"])
    }

    @Test mutating func `once closed, nothing is done any more, and late answers find nobody`() throws {
        let request = try #require(begin("a"))
        state.received(Array("x\n".utf8)[...])
        state.closed()
        #expect(steps() == [])
        #expect(!state.isIdle)
        _ = state.finished(request, with: [1])
        #expect(state.isIdle)
        #expect(steps() == [])
    }

    private static func id(_ text: String) -> RequestID? {
        guard case .call(let call) = Incoming(line: Array(#"{"jsonrpc":"2.0","method":"m","id":\#(text)}"#.utf8))
        else { return nil }
        return call.id
    }
}
