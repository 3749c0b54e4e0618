internal import Glibc

/// Programs that do one thing and end, while we wait for it. One that does not end in time is ended.
public enum Errand {
    /// - Parameters:
    ///   - arguments: the program, and what it is told.
    ///   - input: what it reads, far less than a pipe takes at once (64 KiB).
    ///   - limit: the time that it has.
    /// - Returns: whether it did what it should.
    public static func run(_ arguments: [String], input: [UInt8] = [], within limit: Duration) -> Bool {
        let deadline = ContinuousClock.now.advanced(by: limit)
        keepEndings()
        guard let inheritance = try? Inheritance(input) else { return false }
        defer { close(inheritance.descriptor) }
        guard let pid = try? Spawn.apart(arguments, input: inheritance.descriptor).begin() else { return false }
        return hasSucceeded(pid, until: deadline)
    }

    /// - Parameters:
    ///   - arguments: the program, and what it is told.
    ///   - count: so many bytes are enough.
    ///   - limit: the time that it has.
    /// - Returns: what it wrote; nil where it failed.
    public static func read(_ arguments: [String], atMost count: Int, within limit: Duration) -> [UInt8]? {
        let deadline = ContinuousClock.now.advanced(by: limit)
        keepEndings()
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let started = try? Spawn.apart(arguments, output: ends[1]).begin()
        close(ends[1])
        guard let pid = started else { return nil }
        let bytes = bytes(from: ends[0], atMost: count, until: deadline)
        let isEnough = bytes.count == count
        // Whatever more it has to say, it says to nobody.
        if isEnough { kill(pid, SIGKILL) }
        return hasSucceeded(pid, until: deadline) || isEnough ? bytes : nil
    }

    /// Where the ends of children are ignored, as this process may have inherited it, nobody learns of them.
    private static func keepEndings() { signal(SIGCHLD, SIG_DFL) }

    private static func bytes(
        from descriptor: CInt,
        atMost count: Int,
        until deadline: ContinuousClock.Instant
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < count {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let isThere = unsafe poll(&waiting, 1, CInt(max(left, 0).rounded(.up)))
            if isThere < 0, errno == EINTR { continue }
            guard isThere > 0 else { break }
            let got = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            bytes += chunk[..<got]
        }
        return Array(bytes.prefix(count))
    }

    /// Waits for the end of a child.
    private static func hasSucceeded(_ pid: pid_t, until deadline: ContinuousClock.Instant) -> Bool {
        let ends = Wakening([SIGCHLD])
        defer { ends.end() }
        var status: CInt = 0
        while true {
            let ended = unsafe waitpid(pid, &status, WNOHANG)
            guard ended == 0 || (ended < 0 && errno == EINTR) else { return ended == pid && status == 0 }
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { break }
            _ = ends.next(within: left)
        }
        kill(pid, SIGKILL)
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return false
    }
}
