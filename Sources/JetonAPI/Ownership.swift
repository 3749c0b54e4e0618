internal import Glibc

/// Who owns a file or folder, and who may write it: whether somebody else decides what is in it.
struct Ownership {
    private let owner: uid_t
    private let group: gid_t
    private let mode: mode_t

    init(_ status: stat) {
        owner = status.st_uid
        group = status.st_gid
        mode = status.st_mode
    }

    /// What is wrong, and what to do about it.
    /// - Parameter path: where it is found, which may be a link to it.
    /// - Returns: nil where only the user and root can change it.
    func flaw(of path: String) -> String? {
        guard owner == geteuid() || isRoots(path) else {
            let whose = isOutsideNamespace ? "root or to a user that the sandbox does not show" : "user \(owner)"
            return "belongs to \(whose), not to you; run `sudo chown \(geteuid()) \(path)`"
        }
        guard isWritableByOthers else { return nil }
        return "others may write to it (mode \(String(mode & 0o777, radix: 8))); run `chmod go-w \(path)`"
    }

    /// A group of one's own may write, as it may by default where the umask is 002. In a sticky folder others cannot
    /// replace what is not theirs, and what is theirs is refused by itself.
    private var isWritableByOthers: Bool {
        if mode & S_IFMT == S_IFDIR, mode & S_ISVTX != 0 { return false }
        return mode & (isOwnGroup ? 0o002 : 0o022) != 0
    }

    /// Where each user has a group, it has the user's number; a group that many are in has another one.
    private var isOwnGroup: Bool { group == getegid() && getegid() == geteuid() }

    /// In a user namespace, as the service has one, root looks like every other user: then it counts whether the file
    /// lies where only root, or a package manager, puts files.
    private func isRoots(_ path: String) -> Bool {
        guard owner != 0 else { return true }
        guard isOutsideNamespace, let real = unsafe realpath(path, nil) else { return false }
        defer { unsafe free(real) }
        let place = unsafe String(cString: real)
        return ["/etc/", "/usr/", "/nix/store/", "/gnu/store/"].contains { place.hasPrefix($0) }
    }

    /// Whether the owner has no number here, as root has none either.
    private var isOutsideNamespace: Bool {
        var root = stat()
        return unsafe stat("/", &root) == 0 && root.st_uid != 0 && root.st_uid == owner && owner != geteuid()
    }
}
