internal import Glibc
internal import Processes

/// Another program, run to its end or to a deadline.
enum OtherProgram {
    enum Outcome {
        case ended(status: Int32, output: String, errors: String)
        /// It is not installed, or cannot be started.
        case missing
        /// It was killed at the deadline.
        case tooLong
    }

    /// More is not said by what we run.
    private static let longestOutput = 256 * 1024

    static func run(_ arguments: [String], within limit: Duration = .seconds(5)) -> Outcome {
        let deadline = ContinuousClock.now.advanced(by: limit)
        guard let output = Pipe(), let errors = Pipe(), let pid = start(arguments, output, errors) else {
            return .missing
        }
        output.closeWriter()
        errors.closeWriter()
        let isInTime = collect([output, errors], until: deadline)
        // Who says no more may still run; and what must end by now is made to.
        while isInTime, !hasEnded(pid), ContinuousClock.now < deadline { usleep(1000) }
        let isLate = !hasEnded(pid)
        if isLate { kill(pid, SIGKILL) }
        var status: CInt = 0
        while unsafe waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard !isLate else { return .tooLong }
        let shown = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        return .ended(status: shown, output: output.text, errors: errors.text)
    }

    /// Without taking its status yet: until then the pid is nobody else's.
    private static func hasEnded(_ pid: pid_t) -> Bool {
        var info = unsafe siginfo_t()
        let result = unsafe waitid(P_PID, id_t(pid), &info, CInt(WEXITED | WNOHANG | WNOWAIT))
        return unsafe result == 0 && info._sifields._sigchld.si_pid == pid
    }

    private static func start(_ arguments: [String], _ output: Pipe, _ errors: Pipe) -> pid_t? {
        var spawn = Spawn(arguments)
        spawn.descriptors = [STDIN_FILENO: nil, STDOUT_FILENO: output.writer, STDERR_FILENO: errors.writer]
        return try? spawn.begin()
    }

    /// - Returns: false where somebody still had something to say at the deadline.
    private static func collect(_ pipes: [Pipe], until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let open = pipes.filter { !$0.isAtEnd && $0.count < longestOutput }
            guard !open.isEmpty else { return true }
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            var entries = open.map { pollfd(fd: $0.reader, events: Int16(POLLIN), revents: 0) }
            let milliseconds = CInt(clamping: left.components.seconds * 1000 + 1)
            guard unsafe poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { continue }
            for (entry, pipe) in zip(entries, open) where entry.revents != 0 { pipe.read() }
        }
    }
}

/// What a program says on one of its outputs.
private final class Pipe {
    let reader: CInt
    private(set) var writer: CInt
    private(set) var isAtEnd = false
    private var received: [UInt8] = []

    init?() {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return nil }
        (reader, writer) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        closeWriter()
        close(reader)
    }

    var count: Int { received.count }
    var text: String { String(decoding: received, as: UTF8.self) }

    func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    func read() {
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(reader, $0.baseAddress, $0.count) }
        if count > 0 { received += chunk[..<count] }
        if count == 0 || (count < 0 && errno != EINTR) { isAtEnd = true }
    }
}
