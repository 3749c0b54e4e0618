internal import FoundationEssentials
internal import Glibc

/// Who owns a file, and who may do what with it. Of a link it is what it leads to that counts.
struct FileFacts {
    enum Kind { case folder, file, socket, other }

    let path: String
    let kind: Kind
    let owner: Int
    let group: Int
    let mode: Int
    /// Where the path itself is a link: what is written in it.
    let link: String?

    /// Nil where there is nothing, or nothing that we may look at.
    init?(_ path: String) {
        link = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.path = path
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFDIR: .folder
            case S_IFREG: .file
            case S_IFSOCK: .socket
            default: .other
            }
        owner = Int(status.st_uid)
        group = Int(status.st_gid)
        mode = Int(status.st_mode & 0o7777)
    }

    var isOwn: Bool { owner == Int(geteuid()) }
    var shownMode: String {
        let digits = String(mode & 0o777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// What is wrong, and what to do about it.
    typealias Flaw = (detail: String, cure: String)

    /// What is wrong with a file that nobody else may use.
    /// - Parameter wanted: as in 0o700.
    /// - Returns: nil where nothing is.
    func flaw(wanted: Int) -> Flaw? {
        if !isOwn {
            return (
                "\(path) belongs to user \(owner), not to you", "Run: sudo chown \(geteuid()) \(Self.quoted(path))"
            )
        }
        guard mode & 0o077 != 0 else { return nil }
        let mode = String(wanted, radix: 8)
        return ("others may open \(path) (mode \(shownMode))", "Run: chmod \(mode) \(Self.quoted(path))")
    }

    /// What is wrong with a file that others may read, and must not change.
    /// - Parameter trusted: a group that may, as it may by default where the umask is 002.
    /// - Returns: nil where nothing is.
    func flawIfWritable(exceptBy trusted: gid_t? = nil) -> Flaw? {
        if !isOwn, owner != 0 {
            return (
                "\(path) belongs to user \(owner), not to you", "Run: sudo chown \(geteuid()) \(Self.quoted(path))"
            )
        }
        // In a sticky folder, as /tmp is one, others cannot replace what is not theirs.
        let forbidden = trusted.map { Int($0) } == group ? 0o002 : 0o022
        guard mode & forbidden != 0, !(kind == .folder && mode & 0o1000 != 0) else { return nil }
        return ("others may change \(path) (mode \(shownMode))", "Run: chmod go-w \(Self.quoted(path))")
    }

    /// What is wrong with one of the agent's files.
    var flawInState: Flaw? {
        guard link == nil else {
            return ("\(path) is a link, which the agent does not follow", "Put the file itself there.")
        }
        return flaw(wanted: kind == .folder ? 0o700 : 0o600)
    }

    /// What keeps a folder from taking anything more: nothing is minted where it cannot be written down.
    var flawOfDisk: Flaw? {
        var disk = statvfs()
        guard unsafe statvfs(path, &disk) == 0 else { return nil }
        let place = Self.quoted(path)
        guard disk.f_flag & UInt(ST_RDONLY) == 0 else {
            return ("\(path) is on a disk that is read-only", "See which, and why: findmnt --target \(place)")
        }
        // Some file systems do not count.
        guard disk.f_blocks > 0, disk.f_bavail == 0 else { return nil }
        return ("the disk of \(path) is full", "Make room there: df -h \(place)")
    }

    /// Where a path leads to, through all links.
    static func real(_ path: String) -> String? {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    /// What lies in a folder, sorted.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// As a shell takes it.
    static func quoted(_ path: String) -> String {
        let isPlain = path.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-@:+,".contains($0)) }
        return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    }
}
