internal import Glibc

/// A conversation with an Assuan server over a descriptor, a command after the other; it blocks.
struct AssuanConversation {
    let descriptor: CInt
    /// The connection of the one who wants to know: with it, this ends.
    let client: CInt
    private var unread: ArraySlice<UInt8> = []

    init(_ descriptor: CInt, for client: CInt) {
        self.descriptor = descriptor
        self.client = client
    }

    /// The greeting, or the answer to what was said last.
    mutating func hear(until deadline: ContinuousClock.Instant) throws(AssuanProblem) -> AssuanReply.Event {
        var reply = AssuanReply()
        while true {
            if let event = try reply.take(&unread) {
                guard event == .inquiry else { return event }
                try say(AssuanLine.command("CAN"))
                continue
            }
            unread = try read(until: deadline)[...]
        }
    }

    /// Says a command, and hears what comes of it.
    mutating func tell(
        _ verb: String,
        _ argument: String? = nil,
        until deadline: ContinuousClock.Instant
    ) throws(AssuanProblem) -> AssuanReply.Event {
        try requireSilence()
        try say(AssuanLine.command(verb, argument))
        return try hear(until: deadline)
    }

    /// What is said unasked would be taken for the answer to what is asked next.
    private func requireSilence() throws(AssuanProblem) {
        guard unread.isEmpty else { throw .garbage }
        var byte: UInt8 = 0
        guard unsafe recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT)) <= 0 else { throw .garbage }
    }

    private func say(_ line: [UInt8]) throws(AssuanProblem) {
        precondition(line.count <= AssuanLine.maximumBytes, "a command longer than Assuan has it")
        let bytes = line + [UInt8(ascii: "\n")]
        // All at once or not at all: the little that we say fits into any buffer, unless nobody reads.
        let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)
        let count = unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, flags) }
        guard count == bytes.count else { throw count < 0 && errno != EAGAIN ? .closed : .deaf }
    }

    private func read(until deadline: ContinuousClock.Instant) throws(AssuanProblem) -> [UInt8] {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { throw .silent }
            var both = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            // Whatever happens there: the one who asks has nothing more to say, so it has gone.
            both.append(pollfd(fd: client, events: Int16(POLLIN), revents: 0))
            let count = unsafe poll(&both, 2, Self.milliseconds(left))
            if both[1].revents != 0 { throw .withdrawn }
            guard count > 0, both[0].revents != 0 else { continue }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let size = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard size > 0 else { throw .closed }
            return Array(chunk[..<size])
        }
    }

    /// Rounded up, so that nothing is polled for with no time at all.
    private static func milliseconds(_ duration: Duration) -> CInt {
        let (seconds, attoseconds) = duration.components
        return CInt(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}
