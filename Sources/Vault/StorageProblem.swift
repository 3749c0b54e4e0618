internal import Glibc
internal import SystemPackage

/// What is wrong with a file or folder of the agent's state, and what the user can do about it.
public struct StorageProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public var path: String
    public var detail: String

    public init(path: String, detail: String) {
        self.path = path
        self.detail = detail
    }

    public var description: String { "\(path): \(detail)" }

    static func damaged(_ path: String, _ how: String) -> StorageProblem {
        StorageProblem(path: path, detail: "is damaged (\(how)); restore it from a backup, or move it away")
    }

    static func newer(_ path: String, _ version: Int, known: Int) -> StorageProblem {
        let detail = "was written by a newer jetond (form \(version), known: \(known)); update jetond"
        return StorageProblem(path: path, detail: detail)
    }

    /// The kernel's last error, in its own words.
    static func last(_ action: String, _ path: String) -> StorageProblem {
        StorageProblem(path: path, detail: "cannot \(action): \(Errno(rawValue: errno))")
    }
}
