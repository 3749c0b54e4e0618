internal import CSystemd
internal import FoundationEssentials
internal import Glibc
public import SystemPackage

/// What keeps other programs of the same user away from this process's memory; read from the kernel, not remembered.
public enum ProcessProtections {
    /// No core dump, no ptrace, no /proc/PID/mem: for everyone but root.
    public static func forbidDumps() throws(Errno) {
        guard jeton_set_dumpable(0) == 0 else { throw Errno(rawValue: errno) }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    /// Every connection is a descriptor, and systemd's usual 1024 are fewer than the connections that we allow.
    public static func raiseDescriptorLimit() throws(Errno) {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(files, &limit) == 0 else { throw Errno(rawValue: errno) }
        limit.rlim_cur = limit.rlim_max
        guard unsafe setrlimit(files, &limit) == 0 else { throw Errno(rawValue: errno) }
    }

    public static var isDumpable: Bool { jeton_get_dumpable() != 0 }

    /// Whether pages are kept from being swapped out (proc(5), `VmLck`).
    public static var isMemoryLocked: Bool {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        return (fields(of: text)["VmLck"] ?? "0 kB") != "0 kB"
    }

    /// The lines of /proc/PID/status, by their names.
    static func fields(of text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            fields[String(line[..<colon])] = String(value)
        }
        return fields
    }
}
