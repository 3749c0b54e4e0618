internal import FoundationEssentials
internal import Glibc

/// The files that the journal of this machine consists of (systemd-journald.service(8)). libsystemd leaves out in
/// silence what it may not read; this tells an empty journal from a closed one.
public enum JournalFiles {
    /// Makes sure that there is a journal, and that some of it can be read.
    public static func requireReadable() throws(JournalProblem) {
        let machine = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8)) ?? ""
        let places = ["/var/log/journal", "/run/log/journal"]
        try requireReadable(in: places.map { "\($0)/\(machine.filter { !$0.isNewline })" })
    }

    /// - Parameter folders: a folder that is not there is fine.
    /// - Throws: `missing` or `closed`.
    static func requireReadable(in folders: [String]) throws(JournalProblem) {
        var closed: String?
        for folder in folders {
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: folder)
            } catch {
                if (error as? CocoaError)?.code == .fileReadNoPermission { closed = folder }
                continue
            }
            let files = names.filter { $0.hasSuffix(".journal") }
            if files.contains(where: { unsafe access("\(folder)/\($0)", R_OK) == 0 }) { return }
            if !files.isEmpty { closed = folder }
        }
        guard let closed else { throw .missing }
        throw .closed(folder: closed, uid: Int(geteuid()))
    }
}
