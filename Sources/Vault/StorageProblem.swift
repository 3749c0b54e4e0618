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

    /// The kernel's last error, in its own words.
    static func last(_ action: String, _ path: String) -> StorageProblem {
        StorageProblem(path: path, detail: "cannot \(action): \(Errno(rawValue: errno))")
    }
}
