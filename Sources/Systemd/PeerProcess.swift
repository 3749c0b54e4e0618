internal import CSystemd
internal import Glibc
public import SystemPackage

/// The process at the other end of a Unix socket, as the kernel noted it when the connection was made.
public struct PeerProcess: Sendable, Equatable {
    public var pid: Int
    public var uid: Int
    /// When this was asked, since boot: a process that began later is another one that got the same pid.
    var seenAt: Duration

    /// Asks the kernel (SO_PEERCRED, unix(7)), and nobody else: this is on the way of every connection.
    public init(ofSocket descriptor: CInt) throws(Errno) {
        var pid: CInt = 0
        var uid: UInt32 = 0
        _ = try Errno.check(unsafe jeton_peer(descriptor, &pid, &uid))
        self.pid = Int(pid)
        self.uid = Int(uid)
        seenAt = Self.sinceBoot
    }

    /// The unit of the user's service manager that this process itself belongs to.
    public static var ownUnit: String? { ControlGroup.userUnit(of: Int(getpid())) }

    /// The same of any process, where that may change meanwhile without harm.
    public static func unit(of pid: Int) -> String? { ControlGroup.userUnit(of: pid) }

    /// The clock of proc(5)'s start times.
    private static var sinceBoot: Duration {
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_BOOTTIME, &now)
        return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
    }
}

/// What a process is, besides its number.
public struct PeerDetails: Sendable, Equatable {
    /// What it calls itself: a hint for people, no proof of anything.
    public var command: String
    /// The unit of the user's service manager that it belongs to.
    public var unit: String?
    /// The login session that it belongs to.
    public var session: String?
    /// Who started it, who started that one, and so on.
    public var parents: [Parent]
    /// The terminal that controls it, as in /dev/pts/4.
    public var terminal: String?

    public struct Parent: Sendable, Equatable {
        public var pid: Int
        public var command: String
    }
}

extension PeerProcess {
    /// Looks the process up, as it is now.
    /// - Parameter descriptor: the connected socket.
    /// - Returns: nil where it has gone, or cannot be seen from here; another process is never described in its place.
    public func details(ofSocket descriptor: CInt) -> PeerDetails? {
        details { () throws(Errno) in try ProcessHandle(ofPeer: descriptor) }
    }

    /// - Parameter hold: takes hold of the process at the other end, where the kernel can.
    /// - Returns: as above.
    func details(holding hold: () throws(Errno) -> ProcessHandle) -> PeerDetails? {
        guard pid > 0 else { return nil }
        let handle: ProcessHandle?
        do {
            handle = try hold()
        } catch {
            // Linux before 6.5 knows no such option: then the start time has to do.
            guard error == .protocolNotAvailable else { return nil }
            handle = nil
        }
        guard let status = ProcessStatus(of: pid), status.startedAt <= seenAt else { return nil }
        let details = PeerDetails(
            command: status.command,
            unit: ControlGroup.userUnit(of: pid),
            session: ControlGroup.session(of: pid),
            parents: status.parents,
            terminal: status.terminal
        )
        // Only now: all of it was read while the process was still there, so it is about this one.
        if let handle, !handle.isRunning { return nil }
        return ProcessStatus(of: pid)?.startedAt == status.startedAt ? details : nil
    }
}

extension PeerProcess {
    /// Whether the process has ended for certain: one that cannot be seen from here may be there all the same.
    /// - Parameter descriptor: the connected socket.
    /// - Returns: true only then.
    public func hasEnded(ofSocket descriptor: CInt) -> Bool {
        hasEnded { () throws(Errno) in try ProcessHandle(ofPeer: descriptor) }
    }

    /// - Parameter hold: takes hold of the process at the other end, where the kernel can.
    /// - Returns: as above.
    func hasEnded(holding hold: () throws(Errno) -> ProcessHandle) -> Bool {
        // A process of another namespace, as of a container, has no number here.
        guard pid > 0 else { return false }
        do {
            let handle = try hold()
            return !handle.isRunning
        } catch {
            switch error {
            // The older kernels among those that know the option give the second.
            case .noSuchProcess, .invalidArgument: return true
            // Linux before 6.5 does not know it.
            case .protocolNotAvailable:
                if let status = ProcessStatus(of: pid) { return status.startedAt > seenAt }
                return kill(pid_t(pid), 0) != 0 && errno == ESRCH
            default: return false
            }
        }
    }
}

/// A process held by a descriptor (pidfd_open(2)): its pid can be given to no other without our noticing.
struct ProcessHandle: ~Copyable {
    private let descriptor: CInt

    /// The process that connected (SO_PEERPIDFD).
    init(ofPeer socket: CInt) throws(Errno) { descriptor = try Errno.check(jeton_peer_pidfd(socket)) }

    deinit { close(descriptor) }

    /// A pidfd becomes readable when its process ends.
    var isRunning: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) == 0
    }
}

/// What systemd makes of a process's control group (sd_pid_get_unit(3)).
enum ControlGroup {
    static func userUnit(of pid: Int) -> String? {
        var name: UnsafeMutablePointer<CChar>?
        return unsafe text(sd_pid_get_user_unit(pid_t(pid), &name), name)
    }

    static func session(of pid: Int) -> String? {
        var name: UnsafeMutablePointer<CChar>?
        return unsafe text(sd_pid_get_session(pid_t(pid), &name), name)
    }

    private static func text(_ result: CInt, _ name: UnsafeMutablePointer<CChar>?) -> String? {
        guard result >= 0, let name = unsafe name else { return nil }
        defer { unsafe free(name) }
        return unsafe String(cString: name)
    }
}
