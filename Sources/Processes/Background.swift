internal import Glibc

/// Programs that are started and left to themselves.
public enum Background {
    /// POSIX_SPAWN_SETSID of spawn.h, which glibc hides.
    private static let newSession: Int16 = 0x80

    /// Starts a program in a session of its own, so that Ctrl-C here does not end it, and without our input and output,
    /// so that nobody waits for it.
    /// - Returns: whether it was there to be started.
    public static func start(_ arguments: [String], environment: [String: String]) -> Bool {
        guard let program = arguments.first.flatMap({ Replacement.find($0, in: environment) }) else { return false }
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            unsafe posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        unsafe posix_spawnattr_setflags(&attributes, newSession)
        var pid = pid_t()
        return unsafe CStrings.with(arguments) { arguments in
            unsafe CStrings.with(environment.map { "\($0)=\($1)" }) { environment in
                unsafe posix_spawn(&pid, program, &actions, &attributes, arguments, environment) == 0
            }
        }
    }
}
