import FoundationEssentials
import Glibc
import Testing

import SystemPackage
@testable import Systemd

struct PeerProcessTests {
    @Test func `the other end of a socket pair is this process`() throws {
        var pair: [CInt] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { for descriptor in pair { close(descriptor) } }
        let peer = try PeerProcess(ofSocket: pair[0])
        #expect(peer.pid == Int(getpid()))
        #expect(peer.uid == Int(geteuid()))
        let name = try String(contentsOfFile: "/proc/self/comm", encoding: .utf8)
        #expect(peer.command.map { "\($0)\n" } == name)
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
}
