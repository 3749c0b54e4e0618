internal import FoundationEssentials
internal import Glibc
public import SystemPackage

/// Limits of this process, read from the kernel, not remembered.
public enum ProcessLimits {
    /// Every connection is a descriptor, and systemd's usual 1024 are fewer than the connections that we allow.
    public static func raiseDescriptorLimit() throws(Errno) {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(files, &limit) == 0 else { throw Errno(rawValue: errno) }
        limit.rlim_cur = limit.rlim_max
        guard unsafe setrlimit(files, &limit) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Whether there are pages that are kept from being swapped out (proc(5), `VmLck`).
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
