internal import FoundationEssentials
internal import Glibc

/// The user's browser: $BROWSER, else what the desktop opens addresses with.
enum Browser {
    /// Opens an address, if there is something to open it with.
    ///
    /// The address stands in the browser's arguments, where other users of the machine may read it; there is no other
    /// way to a browser. The addresses that go here are made for that. A fallback page's holds the homeserver's UIA
    /// session, which mints nothing without an access token of the same account; that of an SSO login holds where the
    /// agent waits, and what comes there is checked to be the user who was asked for. A login token never goes here.
    /// - Returns: false where nothing was started: then somebody else has to open it.
    static func open(_ address: String) -> Bool {
        // Whatever else an address may be, to a desktop it is a program to start.
        guard address.hasPrefix("https://") || address.hasPrefix("http://") else { return false }
        let environment = ProcessInfo.processInfo.environment
        let isSet = { (name: String) in environment[name]?.isEmpty == false }
        if let browsers = environment["BROWSER"], !browsers.isEmpty {
            return browsers.split(separator: ":").contains { start(command(String($0), address), environment) }
        }
        // xdg-open without a display would start a browser on the terminal that we ask on, or none.
        guard isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") else { return false }
        return start(["xdg-open", address], environment)
    }

    /// One of the commands in $BROWSER, with the address where it has its %s, else at its end.
    private static func command(_ text: String, _ address: String) -> [String] {
        let words = text.split(separator: " ").map { String($0) }
        guard words.contains(where: { $0.contains("%s") }) else { return words + [address] }
        return words.map { $0.replacing("%s", with: address) }
    }

    /// POSIX_SPAWN_SETSID of spawn.h, which glibc hides.
    private static let newSession: Int16 = 0x80

    /// Starts a program and leaves it to itself: in a session of its own, so that Ctrl-C here does not end it.
    private static func start(_ arguments: [String], _ environment: [String: String]) -> Bool {
        guard let program = arguments.first, arguments.count > 1 else { return false }
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
                unsafe posix_spawnp(&pid, program, &actions, &attributes, arguments, environment) == 0
            }
        }
    }
}
