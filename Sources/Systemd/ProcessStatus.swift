internal import FoundationEssentials
internal import Glibc

/// What the kernel tells about any process (proc(5), `/proc/PID/stat`).
struct ProcessStatus: Equatable {
    var pid: Int
    var command: String
    var parent: Int
    /// The number of its controlling terminal; 0: it has none.
    var terminalNumber: Int
    /// Since boot, to a hundredth of a second.
    var startedAt: Duration

    /// Longer lines of descent tell nothing more.
    static let maximumParents = 8

    init?(of pid: Int) {
        guard let data = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/stat")) else { return nil }
        self.init(String(decoding: data, as: UTF8.self))
    }

    /// The command stands in brackets and may hold any character, brackets and spaces too.
    init?(_ text: String) {
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
            let pid = Int(text[..<open].filter { $0 != " " })
        else { return nil }
        let fields = text[text.index(after: close)...].split { $0 == " " || $0 == "\n" }
        guard fields.count > 19, let parent = Int(fields[1]), let terminal = Int(fields[4]),
            let ticks = Int64(fields[19])
        else { return nil }
        self.pid = pid
        command = String(text[text.index(after: open)..<close])
        self.parent = parent
        terminalNumber = terminal
        startedAt = .milliseconds(ticks * 1000 / Int64(sysconf(CInt(_SC_CLK_TCK))))
    }

    /// By its number in the kernel's list (Documentation/admin-guide/devices.txt): a pseudo-terminal or a console.
    var terminal: String? {
        let (major, minor) = (terminalNumber >> 8 & 0xFFF, terminalNumber & 0xFF | terminalNumber >> 12 & 0xFFF00)
        switch major {
        case 136...143: return "/dev/pts/\((major - 136) << 8 + minor)"
        case 4 where minor < 64: return "/dev/tty\(minor)"
        case 4: return "/dev/ttyS\(minor - 64)"
        default: return nil
        }
    }

    /// The nearest first; the init process is everybody's and is left out.
    var parents: [PeerDetails.Parent] {
        var found: [PeerDetails.Parent] = []
        var child = self
        while found.count < Self.maximumParents, child.parent > 1, let parent = ProcessStatus(of: child.parent) {
            // A parent that has died has given its children away, and only then can its pid be somebody else's.
            guard ProcessStatus(of: child.pid)?.parent == child.parent else { break }
            found.append(.init(pid: parent.pid, command: parent.command))
            child = parent
        }
        return found
    }
}
