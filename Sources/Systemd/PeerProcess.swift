internal import CSystemd
internal import FoundationEssentials
public import SystemPackage

/// The process at the other end of a Unix socket, as the kernel knows it.
public struct PeerProcess: Sendable, Equatable {
    public var pid: Int
    public var uid: Int
    /// What it calls itself: a hint for people, no proof of anything.
    public var command: String?

    /// Asks the kernel (SO_PEERCRED, unix(7)).
    public init(ofSocket descriptor: CInt) throws(Errno) {
        var pid: CInt = 0
        var uid: UInt32 = 0
        _ = try Errno.check(unsafe jeton_peer(descriptor, &pid, &uid))
        self.pid = Int(pid)
        self.uid = Int(uid)
        command = (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?.trimmedLine
    }
}

extension String {
    fileprivate var trimmedLine: String { String(prefix { !$0.isNewline }) }
}
