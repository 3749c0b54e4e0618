internal import Glibc
internal import Processes
internal import SystemPackage

/// A pinentry that runs, and the way to it. However it behaves, `end` leaves nothing of it.
struct PinentryProcess: ~Copyable {
    let pid: pid_t
    /// Its standard input and output.
    let descriptor: CInt

    /// Starts a program without arguments, as the leader of a process group of its own.
    /// - Throws: the kernel's error.
    init(_ program: String, environment: [String: String]) throws(Errno) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Errno(rawValue: errno) }
        let (own, its) = (ends[0], ends[1])
        defer { close(its) }
        var spawn = Spawn([program], environment: environment)
        spawn.place = .ownGroup
        spawn.descriptors = [STDIN_FILENO: its, STDOUT_FILENO: its, STDERR_FILENO: nil]
        do {
            pid = try spawn.begin()
        } catch {
            close(own)
            throw error
        }
        descriptor = own
    }

    /// Ends it, first as a program is asked to, so that it can put its terminal back; then by force. What it has started
    /// goes with it.
    consuming func end() {
        close(descriptor)
        if !hasEnded(within: Self.farewell) {
            kill(-pid, SIGTERM)
            _ = hasEnded(within: Self.patience)
        }
        kill(-pid, SIGKILL)
        // Only now is its number given free.
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
    }

    /// How many looks, 10 ms apart, for one that leaves by itself, and for one that was told to.
    private static let farewell = 3
    private static let patience = 50

    private borrowing func hasEnded(within looks: Int) -> Bool {
        for _ in 0..<looks {
            var info = unsafe siginfo_t()
            let state = unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT | WNOHANG)
            if unsafe state < 0 || info.si_signo != 0 { return true }
            usleep(10_000)
        }
        return false
    }
}
