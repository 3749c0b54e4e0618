internal import FoundationEssentials
internal import Glibc
internal import NIOPosix
internal import Processes
internal import SystemPackage
internal import UnixSignals

/// The command that has the session, as a child: what ends it must not end us before its device is signed out.
struct RunningCommand: Sendable {
    private let pid: pid_t

    /// What asks programs to end, or to do something; all of it is for the command.
    static let signals: [UnixSignal] = [.sigterm, .sigint, .sighup, .sigquit, .sigusr1, .sigusr2]

    /// - Parameters:
    ///   - command: its words.
    ///   - session: what it reads.
    ///   - descriptor: from where.
    ///   - variables: besides our environment.
    /// - Throws: where it cannot be started.
    init(
        _ command: [String],
        reading session: [UInt8],
        on descriptor: CInt,
        with variables: [String: String]
    ) throws(Problem) {
        let inheritance: Inheritance
        do {
            inheritance = try Inheritance(session)
        } catch {
            throw Problem("the session could not be handed on (\(error))")
        }
        let environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        var spawn = Spawn(command, environment: environment)
        spawn.descriptors = [descriptor: inheritance.descriptor]
        // What we catch or ignore is the command's own affair.
        spawn.held = []
        spawn.usual = Self.signals.map(\.rawValue) + [SIGPIPE, SIGCHLD]
        // Inherited as ignored, it would have the kernel keep the command's ending to itself.
        signal(SIGCHLD, SIG_DFL)
        do {
            pid = try spawn.begin()
        } catch {
            throw Problem("\(command[0]) could not be run (error \(error.rawValue))")
        }
    }

    /// Waits for its end, and hands signals on meanwhile.
    func ended(_ signals: UnixSignalsSequence) async throws -> Ending {
        try await withThrowingTaskGroup(of: Ending?.self) { group in
            group.addTask {
                for await signal in signals where !Self.isFromTerminal(signal) { kill(pid, signal.rawValue) }
                return nil
            }
            // On a thread of its own: it blocks for as long as the command runs.
            group.addTask { try await NIOThreadPool.singleton.runIfActive { try Ending(of: pid) } }
            defer { group.cancelAll() }
            for try await case let ending? in group { return ending }
            throw Problem("nobody knows how the command ended")
        }
    }

    /// A terminal signals all processes in its foreground: the command has had it.
    private static func isFromTerminal(_ signal: UnixSignal) -> Bool {
        [.sigint, .sigquit].contains(signal) && tcgetpgrp(STDERR_FILENO) == getpgrp()
    }
}

/// How a process ended.
enum Ending: Sendable {
    case exited(Int32)
    case signaled(Int32)

    /// Waits for the end of a child.
    init(of pid: pid_t) throws(Problem) {
        var status: CInt = 0
        while unsafe waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw Problem("nobody knows how the command ended (error \(errno))") }
        }
        let signal = status & 0x7F
        self = signal == 0 ? .exited(status >> 8 & 0xFF) : .signaled(signal)
    }

    /// Ends this process in the same way.
    func repeatHere() -> Swift.Never {
        switch self {
        case .exited(let status): exit(status)
        case .signaled(let number):
            signal(number, SIG_DFL)
            raise(number)
            // One that does not end a process any more.
            exit(128 + number)
        }
    }
}
