import FoundationEssentials
import Glibc
import JetonAPI
import Testing

@testable import Agent

/// Whose word the configuration is.
struct ConfigurationOwnershipTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("{ consent: 'prompt' }", to: "config.json5")
        try folder.write("{ prompt_timeout_ms: 7 }", to: "config.d/mine.json5")
    }

    private func read() throws -> Configuration { try Configuration.read(folder: folder.path) }

    private func set(_ attributes: [FileAttributeKey: Any], of path: String) throws {
        try FileManager.default.setAttributes(attributes, ofItemAtPath: path)
    }

    @Test(arguments: [
        ("config.json5", 0o666), ("config.json5", 0o602), ("config.d/mine.json5", 0o646), ("config.d", 0o777),
        ("", 0o777),
    ])
    func `what others may write is refused, with the command that mends it`(_ name: String, _ mode: Int) throws {
        let path = name.isEmpty ? folder.path : "\(folder.path)/\(name)"
        try set([.posixPermissions: mode], of: path)
        let problem = #expect(throws: ConfigurationProblem.self) { try read() }
        #expect(problem?.file == path)
        let detail = "others may write to it (mode \(String(mode, radix: 8))); run `chmod go-w \(path)`"
        #expect(problem?.detail == detail)
        try set([.posixPermissions: mode & 0o755], of: path)
        #expect(try read().consent == .prompt)
    }

    @Test func `others may write to a folder in which they cannot replace what is not theirs`() throws {
        for path in [folder.path, "\(folder.path)/config.d"] { try set([.posixPermissions: 0o1777], of: path) }
        #expect(try read().consent == .prompt)
    }

    @Test func `of a link it counts what it leads to`() throws {
        let (link, place) = ("\(folder.path)/config.json5", "\(folder.path)/elsewhere")
        try FileManager.default.moveItem(atPath: link, toPath: place)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: place)
        #expect(try read().consent == .prompt)
        try set([.posixPermissions: 0o666], of: place)
        #expect(throws: ConfigurationProblem.self) { try read() }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a pipe in a file's place is refused, and nobody waits for what it brings`() throws {
        let path = "\(folder.path)/config.json5"
        try FileManager.default.removeItem(atPath: path)
        try #require(unsafe mkfifo(path, 0o600) == 0)
        let problem = #expect(throws: ConfigurationProblem.self) { try read() }
        #expect(problem?.description == "\(path): cannot be read; is it a file, and yours?")
    }

    @Test(.enabled(if: geteuid() == 0, "SKIPPED: only root can give files away"))
    func `a group of one's own may write, another may not`() throws {
        let path = "\(folder.path)/config.json5"
        try set([.posixPermissions: 0o664], of: path)
        #expect(try read().consent == .prompt)
        try set([.groupOwnerAccountID: 65534], of: path)
        #expect(throws: ConfigurationProblem.self) { try read() }
        try set([.posixPermissions: 0o644], of: path)
        #expect(try read().consent == .prompt)
    }

    @Test(
        .enabled(if: geteuid() == 0, "SKIPPED: only root can give files away"),
        arguments: ["config.json5", "config.d/mine.json5", "config.d", ""]
    )
    func `what belongs to somebody else is refused`(_ name: String) throws {
        let path = name.isEmpty ? folder.path : "\(folder.path)/\(name)"
        try set([.ownerAccountID: 65534], of: path)
        let problem = #expect(throws: ConfigurationProblem.self) { try read() }
        #expect(problem?.description == "\(path): belongs to user 65534, not to you; run `sudo chown 0 \(path)`")
    }
}
