internal import FoundationEssentials
internal import Glibc
public import SystemPackage

/// posix_spawn(3): another program that is to be started, and what it gets of us.
public struct Spawn {
    /// Where it stands among the processes of our terminal.
    public enum Place {
        /// With us: what the terminal signals to us it signals to it too.
        case ours
        /// In a group of its own, which can be ended with all that it starts.
        case ownGroup
        /// In a session of its own, so that Ctrl-C here does not end it.
        case ownSession
    }

    /// POSIX_SPAWN_SETSID of spawn.h, which glibc hides.
    private static let newSession: Int16 = 0x80

    /// Its path, or a name that is looked for in our PATH.
    private let program: String
    private let arguments: [String]
    /// The whole of it.
    private let environment: [String: String]

    public var place = Place.ours
    /// By its numbers for them, those of ours that it has; nil: one that leads nowhere.
    public var descriptors: KeyValuePairs<CInt, CInt?> = [:]
    /// Whether it gets our other descriptors too, save those that are closed for every program.
    public var inheritsOthers = true
    /// Signals that do nothing until it waits for them; nil: those that we hold back ourselves.
    public var held: [CInt]?
    /// Signals that do to it what they do to every program, whatever they do to us.
    public var usual: [CInt] = []

    /// - Parameters:
    ///   - arguments: what it calls itself, and what it is told.
    ///   - program: its path, or a name that is looked for in our PATH; nil: what it calls itself.
    ///   - environment: the whole of it; nil: ours.
    public init(_ arguments: [String], program: String? = nil, environment: [String: String]? = nil) {
        self.program = program ?? arguments.first ?? ""
        self.arguments = arguments
        self.environment = environment ?? ProcessInfo.processInfo.environment
    }

    /// - Parameters:
    ///   - arguments: what it calls itself, and what it is told.
    ///   - program: as for every one.
    ///   - environment: as for every one.
    ///   - input: what it reads; nil: nothing.
    ///   - output: where it writes; nil: nowhere, as it complains.
    ///   - held: signals that do nothing until it waits for them. What we hold back is its own affair.
    /// - Returns: one that stands apart from us, and has no descriptors but these: what else was open when we were
    ///   started may be that of somebody who waits for its end.
    static func apart(
        _ arguments: [String],
        program: String? = nil,
        environment: [String: String]? = nil,
        input: CInt? = nil,
        output: CInt? = nil,
        holding held: [CInt] = []
    ) -> Spawn {
        var spawn = Spawn(arguments, program: program, environment: environment)
        spawn.place = .ownSession
        spawn.descriptors = [STDIN_FILENO: input, STDOUT_FILENO: output, STDERR_FILENO: nil]
        spawn.inheritsOthers = false
        spawn.held = held
        return spawn
    }

    /// - Returns: its process id.
    /// - Throws: the kernel's error, where it was not there to be started.
    public func begin() throws(Errno) -> CInt {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        for (number, descriptor) in descriptors {
            if let descriptor {
                unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            } else {
                unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            }
        }
        let dropped = inheritsOthers ? [] : Self.dropOthers()
        defer { for descriptor in dropped { _ = fcntl(descriptor, F_SETFD, 0) } }
        var (mask, defaults) = (Wakening.set(held ?? []), Wakening.set(usual))
        unsafe posix_spawnattr_setsigmask(&attributes, &mask)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        unsafe posix_spawnattr_setflags(&attributes, flags)
        var pid = pid_t()
        let problem = unsafe CStrings.with(arguments) { arguments in
            unsafe CStrings.with(environment.map { "\($0)=\($1)" }) { environment in
                unsafe posix_spawnp(&pid, program, &actions, &attributes, arguments, environment)
            }
        }
        guard problem == 0 else { throw Errno(rawValue: problem) }
        return pid
    }

    private var flags: Int16 {
        let ofSignals = POSIX_SPAWN_SETSIGDEF | (held == nil ? 0 : POSIX_SPAWN_SETSIGMASK)
        let ofPlace =
            switch place {
            case .ours: Int16(0)
            case .ownGroup: Int16(POSIX_SPAWN_SETPGROUP)
            case .ownSession: Self.newSession
            }
        return Int16(ofSignals) | ofPlace
    }

    /// - Returns: what would have been inherited else, and may be by a program that takes our place.
    private static func dropOthers() -> [CInt] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { CInt($0) }.filter { descriptor in
            descriptor > STDERR_FILENO && fcntl(descriptor, F_GETFD) == 0
                && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        }
    }
}
