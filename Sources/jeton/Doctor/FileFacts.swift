internal import FoundationEssentials
internal import Glibc

/// Who owns a file, and who may do what with it.
struct FileFacts {
    enum Kind { case folder, file, socket, other }

    let path: String
    let kind: Kind
    let owner: Int
    let mode: Int

    /// Nil where there is nothing, or nothing that we may look at. Links are not followed.
    init?(_ path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return nil }
        self.path = path
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFDIR: .folder
            case S_IFREG: .file
            case S_IFSOCK: .socket
            default: .other
            }
        owner = Int(status.st_uid)
        mode = Int(status.st_mode & 0o7777)
    }

    var isOwn: Bool { owner == Int(geteuid()) }
    var shownMode: String {
        let digits = String(mode & 0o777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// What is wrong with a file that nobody else may use, and what to do about it.
    /// - Parameter wanted: as in 0o700.
    /// - Returns: nil where nothing is.
    func flaw(wanted: Int) -> (detail: String, cure: String)? {
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
    func flawIfWritable() -> (detail: String, cure: String)? {
        if !isOwn, owner != 0 {
            return (
                "\(path) belongs to user \(owner), not to you", "Run: sudo chown \(geteuid()) \(Self.quoted(path))"
            )
        }
        // In a sticky folder, as /tmp is one, others cannot replace what is not theirs.
        guard mode & 0o022 != 0, !(kind == .folder && mode & 0o1000 != 0) else { return nil }
        return ("others may change \(path) (mode \(shownMode))", "Run: chmod go-w \(Self.quoted(path))")
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
