import FoundationEssentials
import Glibc
import SystemPackage
import Testing

@testable import Systemd

struct PeerProcessTests {
    /// Both ends of a connection.
    private static func pair() throws -> [CInt] {
        var pair: [CInt] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        return pair
    }

    @Test func `the other end of a socket pair is this process`() throws {
        let pair = try Self.pair()
        defer { for descriptor in pair { close(descriptor) } }
        let peer = try PeerProcess(ofSocket: pair[0])
        #expect(peer.pid == Int(getpid()))
        #expect(peer.uid == Int(geteuid()))
        let details = try #require(peer.details(ofSocket: pair[0]))
        let name = try String(contentsOfFile: "/proc/self/comm", encoding: .utf8)
        #expect("\(details.command)\n" == name)
        let parent = try String(contentsOfFile: "/proc/\(getppid())/comm", encoding: .utf8)
        #expect(details.parents.first == .init(pid: Int(getppid()), command: String(parent.dropLast())))
        #expect(details.parents.count <= ProcessStatus.maximumParents)
        #expect(details.parents.allSatisfy { $0.pid > 1 })
    }

    @Test func `a process that has gone is not described, and neither is one that has got its pid since`() throws {
        let (client, connection) = try Self.connected()
        defer { close(connection) }
        let peer = try PeerProcess(ofSocket: connection)
        #expect(peer.pid == Int(client))
        #expect(peer.details(ofSocket: connection)?.command == "socat")
        #expect(!peer.hasEnded(ofSocket: connection))
        // Its pid, seen at a time at which nobody had it: what runs there now must be another process.
        var earlier = peer
        earlier.seenAt = .zero
        #expect(earlier.details(ofSocket: connection) == nil)
        // A living process of another number, at the end of this connection: the pidfd says that ours has gone.
        kill(client, SIGKILL)
        waitpid(client, nil, 0)
        #expect(peer.details(ofSocket: connection) == nil)
        #expect(peer.hasEnded(ofSocket: connection))
        var recycled = peer
        recycled.pid = Int(getpid())
        #expect(recycled.details(ofSocket: connection) == nil)
        #expect(recycled.hasEnded(ofSocket: connection))
        // One that has no number here, as it is in another namespace, may be there.
        var foreign = peer
        foreign.pid = 0
        #expect(!foreign.hasEnded(ofSocket: connection))
    }

    @Test func `a kernel that gives no hold on a process is asked for its start`() throws {
        let old = { () throws(Errno) -> ProcessHandle in throw .protocolNotAvailable }
        let (client, connection) = try Self.connected()
        defer { close(connection) }
        let peer = try PeerProcess(ofSocket: connection)
        #expect(peer.details(holding: old) == peer.details(ofSocket: connection))
        #expect(peer.details(holding: old)?.command == "socat")
        var earlier = peer
        earlier.seenAt = .zero
        #expect(earlier.details(holding: old) == nil)
        #expect(earlier.hasEnded(holding: old))
        #expect(!peer.hasEnded(holding: old))
        // Any other trouble is no reason to trust a number.
        #expect(peer.details { () throws(Errno) in throw .noData } == nil)
        #expect(!peer.hasEnded { () throws(Errno) in throw .noData })
        kill(client, SIGKILL)
        waitpid(client, nil, 0)
        #expect(peer.details(holding: old) == nil)
        #expect(peer.hasEnded(holding: old))
    }

    /// A program that has connected to us, and our end of the connection.
    private static func connected() throws -> (client: pid_t, connection: CInt) {
        let path = "\(FileManager.default.temporaryDirectory.path)/jeton-peer-\(UUID().uuidString)"
        let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer {
            close(listener)
            unsafe unlink(path)
        }
        try #require(bind(listener, to: path) && listen(listener, 1) == 0)
        let client = try spawn(["/usr/bin/socat", "-u", "UNIX-CONNECT:\(path)", "STDOUT"])
        return (client, accept(listener, nil, nil))
    }

    @Test(
        arguments: [(-1, EBADF, "Bad file descriptor"), (0, ENOTSOCK, "Socket operation on non-socket")]
            as [(CInt, CInt, String)]
    )
    func `what is no socket has no other end`(_ descriptor: CInt, _ code: CInt, _ text: String) throws {
        let file = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        let error = #expect(throws: Errno.self) { try PeerProcess(ofSocket: descriptor < 0 ? descriptor : file) }
        #expect(error == Errno(rawValue: code))
        #expect(error?.description == text)
    }

    @Test func `results below zero are errors, as libsystemd has it`() throws {
        #expect(try Errno.check(0) == 0)
        #expect(try Errno.check(7) == 7)
        #expect(throws: Errno(rawValue: ENOENT)) { try Errno.check(-ENOENT) }
    }

    @Test(arguments: [
        (0, nil), (34820, "/dev/pts/4"), (35085, "/dev/pts/269"), (1025, "/dev/tty1"), (1088, "/dev/ttyS0"),
    ])
    func `a terminal is named by its number`(number: Int, name: String?) throws {
        let text = "12 (sh) S 7 12 12 \(number)" + String(repeating: " 0", count: 20)
        #expect(try #require(ProcessStatus(text)).terminal == name)
    }

    @Test(arguments: [
        ("12 (sh) S 7 12", "sh", 7), ("12 (a) b (c)) R 1 12", "a) b (c)", 1), ("12 (\n) Z 0 12", "\n", 0),
    ])
    func `a command in a process's status may hold anything`(_ head: String, _ command: String, _ parent: Int) throws {
        let text = head + String(repeating: " 0", count: 16) + " 4200 0 0\n"
        let status = try #require(ProcessStatus(text))
        #expect(status.command == command)
        #expect(status.parent == parent)
        #expect(status.startedAt == .seconds(42))
        #expect(ProcessStatus("12 (sh) S 7") == nil)
        #expect(ProcessStatus(")(") == nil)
    }

    private static func bind(_ descriptor: CInt, to path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private static func spawn(_ arguments: [String]) throws -> pid_t {
        var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var pid: pid_t = 0
        try #require(unsafe posix_spawn(&pid, arguments[0], nil, nil, &words, nil) == 0)
        return pid
    }
}
