import FoundationEssentials
import Glibc
import Testing

/// A folder of a test's own, removed at its end.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = "\(FileManager.default.temporaryDirectory.path)/jeton-vault-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try setMode(0o700, of: "")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func setMode(_ mode: mode_t, of name: String) throws {
        try #require(unsafe chmod("\(path)/\(name)", mode) == 0)
    }

    func mode(of name: String) throws -> mode_t {
        var status = stat()
        try #require(unsafe lstat("\(path)/\(name)", &status) == 0)
        return status.st_mode & 0o7777
    }

    /// Puts a file there as the agent would not: by hand.
    func write(_ text: String, to name: String, mode: mode_t = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
        try setMode(mode, of: name)
    }

    func text(of name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(path)/\(name)")), as: UTF8.self)
    }
}

let isRoot = geteuid() == 0
