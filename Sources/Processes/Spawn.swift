internal import FoundationEssentials
internal import Glibc

/// posix_spawn(3): another program, in a session of its own, so that Ctrl-C here does not end it, and with no other
/// descriptors of ours than those it is given.
enum Spawn {
    /// POSIX_SPAWN_SETSID of spawn.h, which glibc hides.
    private static let newSession: Int16 = 0x80

    /// - Parameters:
    ///   - program: its path; nil: where what it calls itself is found.
    ///   - arguments: what it calls itself, and what it is told.
    ///   - environment: the whole of it; nil: ours.
    ///   - input: what it reads; nil: nothing.
    ///   - output: where it writes; nil: nowhere, as it complains.
    ///   - held: signals that do nothing until it waits for them. What we hold back is its own affair.
    /// - Returns: nil where it was not there to be started.
    static func begin(
        program: String? = nil,
        _ arguments: [String],
        environment: [String: String]? = nil,
        input: CInt? = nil,
        output: CInt? = nil,
        holding held: [CInt] = []
    ) -> pid_t? {
        guard let program = program ?? arguments.first.flatMap({ Replacement.find($0) }) else { return nil }
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        for (number, descriptor) in [(STDIN_FILENO, input), (STDOUT_FILENO, output), (STDERR_FILENO, nil)] {
            if let descriptor {
                unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            } else {
                unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            }
        }
        let dropped = dropOthers()
        defer { for descriptor in dropped { _ = fcntl(descriptor, F_SETFD, 0) } }
        var mask = Wakening.set(held)
        unsafe posix_spawnattr_setsigmask(&attributes, &mask)
        unsafe posix_spawnattr_setflags(&attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK))
        let environment = environment ?? ProcessInfo.processInfo.environment
        var pid = pid_t()
        let isThere = unsafe CStrings.with(arguments) { arguments in
            unsafe CStrings.with(environment.map { "\($0)=\($1)" }) { environment in
                unsafe posix_spawn(&pid, program, &actions, &attributes, arguments, environment) == 0
            }
        }
        return isThere ? pid : nil
    }

    /// What was open when we were started may be that of somebody who waits for its end.
    /// - Returns: what would have been inherited else, and may be by a program that takes our place.
    private static func dropOthers() -> [CInt] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { CInt($0) }.filter { descriptor in
            descriptor > STDERR_FILENO && fcntl(descriptor, F_GETFD) == 0
                && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        }
    }
}
