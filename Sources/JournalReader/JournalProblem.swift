public import SystemPackage

/// Why nothing can be read from the journal.
public enum JournalProblem: Error, Equatable, CustomStringConvertible {
    case noLibrary(String)
    /// There is no journal on this machine.
    case missing
    /// Its files are for others.
    case closed(folder: String, uid: Int)
    case failed(Errno)

    public var description: String {
        switch self {
        case .noLibrary(let detail): "the journal cannot be read without libsystemd (\(detail))"
        case .missing:
            """
            no journal is kept on this machine: there is none in /var/log/journal or /run/log/journal. \
            Without systemd jetond writes its records to standard error
            """
        case .closed(let folder, let uid):
            """
            the journal is not readable for you: in \(folder) there is no user-\(uid).journal, and the other files are \
            for the group systemd-journal. An administrator can add you to it, or set Storage=persistent in \
            journald.conf(5), which gives each user a file of their own
            """
        case .failed(let error): "the journal cannot be read: \(error)"
        }
    }
}
