import FoundationEssentials
import Glibc
import Testing
import Vault

struct StateFolderTests {
    private let temporary: TemporaryFolder
    private var path: String { "\(temporary.path)/state" }

    init() throws { temporary = try TemporaryFolder() }

    private func problem(_ work: () throws -> Void) -> StorageProblem? {
        do { try work() } catch { return error as? StorageProblem }
        return nil
    }

    private func problem(_ work: () async throws -> Void) async -> StorageProblem? {
        do { try await work() } catch { return error as? StorageProblem }
        return nil
    }

    @Test func `makes the folder, and the one above it, for its owner alone`() throws {
        _ = try StateFolder(path: "\(path)/deeper")
        #expect(try temporary.mode(of: "state") == 0o700)
        #expect(try temporary.mode(of: "state/deeper") == 0o700)
        #expect(try temporary.mode(of: "state/deeper/lock") == 0o600)
    }

    @Test(arguments: [0o750, 0o705, 0o710, 0o777, 0o1777] as [mode_t])
    func `promise 10: refuses a folder that is open to others, and says how to close it`(_ mode: mode_t) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try temporary.setMode(mode, of: "state")
        let problem = problem { _ = try StateFolder(path: path) }
        #expect(problem?.detail.contains("run `chmod 700 \(path)`") == true)
        #expect(try temporary.mode(of: "state") == mode)
        try temporary.setMode(0o700, of: "state")
        _ = try StateFolder(path: path)
    }

    @Test(.enabled(if: isRoot))
    func `refuses a folder of somebody else`() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try temporary.setMode(0o700, of: "state")
        try #require(unsafe chown(path, 4711, 4711) == 0)
        #expect(
            problem { _ = try StateFolder(path: path) }?.detail.hasPrefix("belongs to user 4711, not to user 0") == true
        )
    }

    @Test func `refuses a file where the folder should be`() throws {
        try temporary.write("", to: "state")
        #expect(problem { _ = try StateFolder(path: path) }?.path == path)
        #expect(problem { _ = try StateFolder(path: "\(path)/deeper") }?.detail.hasPrefix("cannot be made") == true)
    }

    @Test func `a second agent is told the first one's pid`() throws {
        let first = try StateFolder(path: path)
        let problem = problem { _ = try StateFolder(path: path) }
        #expect(problem?.detail.contains("another agent (process \(getpid())) uses this folder") == true)
        #expect(try temporary.text(of: "state/lock") == "\(getpid())")
        #expect(first.path == path)
    }

    @Test func `a pid that an earlier agent left behind is written over`() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try temporary.setMode(0o700, of: "state")
        try temporary.write("123456789012", to: "state/lock")
        _ = try StateFolder(path: path)
        #expect(try temporary.text(of: "state/lock") == "\(getpid())")
    }

    @Test func `the lock is no way to write elsewhere`() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try temporary.setMode(0o700, of: "state")
        try temporary.write("precious", to: "target")
        try #require(unsafe symlink("\(temporary.path)/target", "\(path)/lock") == 0)
        #expect(problem { _ = try StateFolder(path: path) }?.path == "\(path)/lock")
        #expect(try temporary.text(of: "target") == "precious")
    }

    @Test func `promise 10: keeps what it is given, private and whole`() async throws {
        let folder = try StateFolder(path: path)
        #expect(try folder.read("a.json") == nil)
        try await folder.replace("a.json", with: [1, 2, 3])
        #expect(try folder.read("a.json") == [1, 2, 3])
        #expect(try temporary.mode(of: "state/a.json") == 0o600)
        let large = [UInt8](repeating: 7, count: 100_000)
        try await folder.replace("a.json", with: large)
        #expect(try folder.read("a.json") == large)
        try await folder.replace("a.json", with: [])
        #expect(try folder.read("a.json") == [])
        try await folder.remove("a.json")
        try await folder.remove("a.json")
        #expect(try folder.read("a.json") == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["lock"])
    }

    @Test func `what an earlier crash left half-written is written over, and closed to others`() async throws {
        let folder = try StateFolder(path: path)
        try temporary.write("half of someth", to: "state/.a.json.new", mode: 0o644)
        try await folder.replace("a.json", with: [1])
        #expect(try folder.read("a.json") == [1])
        #expect(try temporary.mode(of: "state/a.json") == 0o600)
    }

    @Test func `where writing fails, the old content stays`() async throws {
        let folder = try StateFolder(path: path)
        try await folder.replace("a.json", with: [1])
        try FileManager.default.createDirectory(atPath: "\(path)/.a.json.new", withIntermediateDirectories: false)
        let problem = await problem { try await folder.replace("a.json", with: [2]) }
        #expect(problem == StorageProblem(path: "\(path)/.a.json.new", detail: "cannot write it: Is a directory"))
        #expect(try folder.read("a.json") == [1])
    }

    @Test func `where the file cannot be replaced, no copy of the new content stays behind`() async throws {
        let folder = try StateFolder(path: path)
        try FileManager.default.createDirectory(atPath: "\(path)/a.json/x", withIntermediateDirectories: true)
        #expect(await problem { try await folder.replace("a.json", with: [2]) }?.path == "\(path)/a.json")
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["a.json", "lock"])
    }

    @Test(.enabled(if: !isRoot))
    func `where the folder cannot be written to, the old content stays`() async throws {
        let folder = try StateFolder(path: path)
        try await folder.replace("a.json", with: [1])
        try temporary.setMode(0o500, of: "state")
        defer { try? temporary.setMode(0o700, of: "state") }
        #expect(
            await problem { try await folder.replace("a.json", with: [2]) }?.detail.contains("Permission denied")
                == true
        )
        #expect(await problem { try await folder.remove("a.json") }?.path == "\(path)/a.json")
        #expect(try folder.read("a.json") == [1])
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o601] as [mode_t])
    func `promise 10: refuses a file that is open to others, and says how to close it`(_ mode: mode_t) throws {
        let folder = try StateFolder(path: path)
        try temporary.write("{}", to: "state/a.json", mode: mode)
        let problem = problem { _ = try folder.read("a.json") }
        #expect(problem?.path == "\(path)/a.json")
        #expect(problem?.detail.hasSuffix("run `chmod 600 \(path)/a.json`") == true)
    }

    @Test(.enabled(if: isRoot))
    func `refuses a file of somebody else`() throws {
        let folder = try StateFolder(path: path)
        try temporary.write("{}", to: "state/a.json")
        try #require(unsafe chown("\(path)/a.json", 4711, 4711) == 0)
        #expect(problem { _ = try folder.read("a.json") }?.detail.hasPrefix("belongs to user 4711") == true)
    }

    @Test func `refuses what is no regular file`() throws {
        let folder = try StateFolder(path: path)
        try temporary.write("{}", to: "target")
        try #require(unsafe symlink("\(temporary.path)/target", "\(path)/link.json") == 0)
        try #require(unsafe mkfifo("\(path)/pipe.json", 0o600) == 0)
        try FileManager.default.createDirectory(atPath: "\(path)/folder.json", withIntermediateDirectories: false)
        #expect(problem { _ = try folder.read("link.json") }?.detail.hasPrefix("is a symbolic link") == true)
        // A pipe would otherwise be waited for without end.
        #expect(problem { _ = try folder.read("pipe.json") }?.detail.hasPrefix("is no regular file") == true)
        #expect(problem { _ = try folder.read("folder.json") }?.detail.hasPrefix("is no regular file") == true)
    }

    @Test func `refuses a file that is far too large`() throws {
        let folder = try StateFolder(path: path)
        try temporary.write("", to: "state/a.json")
        try #require(unsafe truncate("\(path)/a.json", 16 * 1024 * 1024 + 1) == 0)
        #expect(problem { _ = try folder.read("a.json") }?.detail.hasPrefix("is too large") == true)
    }

    @Test func `lists its files by their ending, sorted, without half-written ones`() async throws {
        let folder = try StateFolder(path: path)
        for name in ["b.account.json", "a.account.json", "mints.json"] { try await folder.replace(name, with: [1]) }
        try temporary.write("", to: "state/.c.account.json")
        #expect(try folder.names(endingIn: ".account.json") == ["a.account.json", "b.account.json"])
    }

    @Test(.enabled(if: !isRoot))
    func `where the folder cannot be opened to be synced, the old content stays`() async throws {
        let folder = try StateFolder(path: path)
        try await folder.replace("s.json", with: Array("old".utf8))
        try temporary.setMode(0o300, of: "state")
        let problem = await problem { try await folder.replace("s.json", with: Array("new".utf8)) }
        try temporary.setMode(0o700, of: "state")
        #expect(problem?.path == path)
        #expect(try temporary.text(of: "state/s.json") == "old")
    }
}
