import FoundationEssentials
import Glibc
import RPCServer
import Testing

/// Real sockets in a folder of the test's own.
final class ListeningSocketTests {
    private let folder: String
    private var path: String { "\(folder)/a.sock" }

    init() throws {
        folder = "\(FileManager.default.temporaryDirectory.path)/jeton-rpc-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        try #require(unsafe chmod(folder, 0o700) == 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func mode(of path: String) throws -> mode_t {
        var status = stat()
        try #require(unsafe lstat(path, &status) == 0)
        return status.st_mode & 0o7777
    }

    private func problem(at path: String) -> ListeningSocket.Problem? {
        #expect(throws: ListeningSocket.Problem.self) { try ListeningSocket(at: path) }
    }

    /// A client's end, connected.
    private func connect(flags: CInt = 0) throws -> CInt? {
        let client = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | flags, 0)
        try #require(client >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result == 0 { return client }
        close(client)
        return nil
    }

    @Test func `promise 1: listens, for its owner alone, in a folder that it makes`() throws {
        let deeper = "\(folder)/jeton"
        let socket = try ListeningSocket(at: "\(deeper)/a.sock")
        defer { close(socket.descriptor) }
        #expect(try mode(of: deeper) == 0o700)
        #expect(try mode(of: socket.path) == 0o600)
    }

    @Test func `can be connected to at once`() throws {
        let socket = try ListeningSocket(at: path)
        defer { close(socket.descriptor) }
        let client = try #require(try connect())
        close(client)
    }

    @Test func `replaces the socket that a killed agent left`() throws {
        let first = try ListeningSocket(at: path)
        close(first.descriptor)
        // A process that is just being forked for another test has it, too, for a moment.
        while let client = try connect() { close(client) }
        let second = try ListeningSocket(at: path)
        defer { close(second.descriptor) }
        let client = try #require(try connect())
        close(client)
    }

    @Test func `leaves a socket alone on which somebody listens`() throws {
        let first = try ListeningSocket(at: path)
        defer { close(first.descriptor) }
        #expect(problem(at: path)?.detail.contains("listens here already") == true)
        let client = try #require(try connect())
        close(client)
    }

    @Test(.timeLimit(.minutes(5)))
    func `does not wait for a listener that accepts nobody`() throws {
        let first = try ListeningSocket(at: path)
        defer { close(first.descriptor) }
        var clients: [CInt] = []
        while let client = try connect(flags: CInt(SOCK_NONBLOCK.rawValue)) { clients.append(client) }
        #expect(problem(at: path)?.path == path)
        for client in clients { close(client) }
    }

    @Test func `leaves alone what is no socket`() throws {
        try Data("precious".utf8).write(to: URL(filePath: path))
        #expect(problem(at: path)?.detail == "there is something here that is no socket; move it away")
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious".utf8))
        let link = "\(folder)/link.sock"
        try #require(unsafe symlink(path, link) == 0)
        #expect(problem(at: link)?.path == link)
    }

    @Test(arguments: [0o720, 0o702, 0o777] as [mode_t])
    func `refuses a folder that others can write to`(_ mode: mode_t) throws {
        try #require(unsafe chmod(folder, mode) == 0)
        #expect(problem(at: path)?.detail.hasSuffix("run `chmod 700 \(folder)`") == true)
        #expect(problem(at: path)?.path == folder)
    }

    @Test func `a sticky folder is as good as /tmp`() throws {
        try #require(unsafe chmod(folder, 0o1777) == 0)
        let socket = try ListeningSocket(at: path)
        close(socket.descriptor)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `refuses a folder of somebody else`() throws {
        try #require(unsafe chown(folder, 4711, 4711) == 0)
        #expect(problem(at: path)?.detail.hasPrefix("this folder belongs to user 4711") == true)
    }

    @Test func `a path has at most 107 bytes`() throws {
        let room = 107 - folder.utf8.count - 1
        let socket = try ListeningSocket(at: "\(folder)/\(String(repeating: "x", count: room))")
        close(socket.descriptor)
        let long = "\(folder)/\(String(repeating: "x", count: room + 1))"
        #expect(problem(at: long)?.detail == "is longer than a Unix socket's path may be (107 bytes)")
    }

    @Test func `names a folder that cannot be made`() {
        #expect(problem(at: "\(folder)/no/such/a.sock")?.path == "\(folder)/no/such")
    }

    @Test func `removes its own socket, and no other that took its place`() throws {
        let first = try ListeningSocket(at: path)
        close(first.descriptor)
        try FileManager.default.moveItem(atPath: path, toPath: "\(folder)/old.sock")
        let second = try ListeningSocket(at: path)
        defer { close(second.descriptor) }
        first.remove()
        #expect(FileManager.default.fileExists(atPath: path))
        second.remove()
        #expect(!FileManager.default.fileExists(atPath: path))
        second.remove()
    }
}
