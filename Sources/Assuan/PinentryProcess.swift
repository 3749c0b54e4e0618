internal import Glibc

/// A pinentry that runs, and the way to it. However it behaves, `end` leaves nothing of it.
struct PinentryProcess: ~Copyable {
    let pid: pid_t
    /// Its standard input and output.
    let descriptor: CInt

    /// Starts a program without arguments, as the leader of a process group of its own.
    /// - Throws: the kernel's error.
    init(_ program: String, environment: [String: String]) throws(StartFailure) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw StartFailure(code: errno) }
        let (own, its) = (ends[0], ends[1])
        defer { close(its) }
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_adddup2(&actions, its, STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, its, STDOUT_FILENO)
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var arguments = unsafe [strdup(program), nil]
        var variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for index in unsafe arguments.indices { unsafe free(arguments[index]) }
            for index in unsafe variables.indices { unsafe free(variables[index]) }
        }
        var pid: pid_t = 0
        let result = unsafe posix_spawn(&pid, program, &actions, &attributes, &arguments, &variables)
        guard result == 0 else {
            close(own)
            throw StartFailure(code: result)
        }
        self.pid = pid
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

/// Why a program did not start: an error number.
struct StartFailure: Error {
    let code: CInt
    var isMissing: Bool { code == ENOENT || code == ENOTDIR }
    var reason: String { unsafe String(cString: strerror(code)) }
}
