internal import CSystemd
internal import FoundationEssentials
internal import Glibc

/// The sandbox that this process runs in, asked of the kernel: what a unit file says may have been void.
public struct Sandbox: Sendable, Equatable {
    /// Whether a system call filter is in force and no new privileges can be had (proc(5), `Seccomp`, `NoNewPrivs`).
    public var isFiltered: Bool
    /// Whether there is no capability, and none to be had (capabilities(7)).
    public var hasNoCapabilities: Bool
    /// Whether something empty stands in the home folder's place.
    public var hidesHome: Bool
    /// Whether the session bus is out of sight: it starts programs for whoever asks, outside of any sandbox.
    public var hidesSessionBus: Bool
    /// Whether files are read-only, those few aside that it is there for.
    public var isReadOnly: Bool
    /// Whether programs cannot be executed, itself and its libraries aside.
    public var forbidsPrograms: Bool

    /// - Parameters:
    ///   - home: the user's home folder; nil where it is not known, and so cannot be said to be hidden.
    ///   - runtimeFolder: where the session bus is; the same.
    public init(home: String?, runtimeFolder: String?) {
        self.init(status: (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? "")
        let root = Mount(at: "/")
        isReadOnly = root?.isReadOnly ?? false
        forbidsPrograms = root?.isWithoutPrograms ?? false
        // On a machine that runs from memory the home folder is a tmpfs as well, but one to write to.
        hidesHome = home.map { Mount(at: $0) }.map { $0 == nil || $0?.isEmptyPlace == true } ?? false
        hidesSessionBus = runtimeFolder.map { unsafe access("\($0)/bus", F_OK) != 0 } ?? false
    }

    init(status: String) {
        let fields = ProcessLimits.fields(of: status)
        isFiltered = fields["Seccomp"] == "2" && fields["NoNewPrivs"] == "1"
        let sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map { fields[$0] }
        hasNoCapabilities = sets.allSatisfy { $0?.allSatisfy { $0 == "0" } == true }
        (hidesHome, hidesSessionBus, isReadOnly, forbidsPrograms) = (false, false, false, false)
    }

    /// What is mounted where a path leads to (statfs(2)).
    private struct Mount: Equatable {
        var isReadOnly: Bool
        var isWithoutPrograms: Bool
        /// A tmpfs that nothing can be written to.
        var isEmptyPlace: Bool

        /// TMPFS_MAGIC of linux/magic.h.
        private static let tmpfs = 0x0102_1994

        /// Nil where there is nothing.
        init?(at path: String) {
            var status = statfs()
            guard unsafe statfs(path, &status) == 0 else { return nil }
            isReadOnly = status.f_flags & Self.readOnly != 0
            isWithoutPrograms = status.f_flags & Self.noexec != 0
            isEmptyPlace = isReadOnly && status.f_type == Self.tmpfs
        }

        /// ST_RDONLY and ST_NOEXEC of sys/statvfs.h, of which glibc hides the latter.
        private static let readOnly = 1
        private static let noexec = 8
    }
}
