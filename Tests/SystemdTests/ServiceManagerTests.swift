import FoundationEssentials
import Glibc
import Testing

@testable import Systemd

/// Each in a process of its own, as the environment and the protections are the whole process's.
struct ServiceManagerTests {
    /// A manager's end: a datagram socket that the environment names.
    private struct NotifySocket {
        let descriptor: CInt

        init() throws {
            descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
            var timeout = timeval(tv_sec: 60, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            try #require(unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size) == 0)
            // An abstract name leaves nothing behind.
            let name = "jeton-notify-\(getpid())"
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: "\0\(name)".utf8) }
            let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
            let result = unsafe withUnsafePointer(to: &address) { address in
                unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
            }
            try #require(result == 0)
            unsafe setenv("NOTIFY_SOCKET", "@\(name)", 1)
        }

        func next() -> String {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            return count < 0 ? "nothing" : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    @Test func `tells the manager where it stands`() async {
        await #expect(processExitsWith: .success) {
            let socket = try NotifySocket()
            let manager = ServiceManager()
            #expect(manager.isListening)
            manager.ready(status: "serving\nMAINPID=1")
            #expect(socket.next() == "READY=1\nSTATUS=serving MAINPID=1")
            manager.status("two accounts")
            #expect(socket.next() == "STATUS=two accounts")
            manager.isAlive()
            #expect(socket.next() == "WATCHDOG=1")
            manager.stopping(status: "bye")
            #expect(socket.next() == "STOPPING=1\nSTATUS=bye")
        }
    }

    @Test func `a reload carries its moment`() async {
        await #expect(processExitsWith: .success) {
            let socket = try NotifySocket()
            ServiceManager().reloading()
            let lines = socket.next().split(separator: "\n")
            #expect(lines.first == "RELOADING=1")
            let microseconds = try #require(lines.last?.split(separator: "=").last.flatMap { Int($0) })
            var now = timespec()
            _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
            #expect(now.tv_sec - microseconds / 1_000_000 <= 60)
        }
    }

    @Test func `without a manager nothing happens`() async {
        await #expect(processExitsWith: .success) {
            unsafe unsetenv("NOTIFY_SOCKET")
            unsafe unsetenv("WATCHDOG_USEC")
            let manager = ServiceManager()
            #expect(!manager.isListening)
            #expect(manager.watchdogInterval == nil)
            manager.ready(status: "")
            unsafe setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1)
            ServiceManager().ready(status: "")
        }
    }

    @Test func `the watchdog is meant for one process`() async {
        await #expect(processExitsWith: .success) {
            unsafe setenv("WATCHDOG_USEC", "30000000", 1)
            unsafe setenv("WATCHDOG_PID", "\(getpid())", 1)
            #expect(ServiceManager().watchdogInterval == .seconds(30))
            unsafe setenv("WATCHDOG_PID", "1", 1)
            #expect(ServiceManager().watchdogInterval == nil)
        }
    }

    private static let hasSanitizer = ["TSAN_OPTIONS", "ASAN_OPTIONS"].contains {
        ProcessInfo.processInfo.environment[$0] != nil
    }

    @Test(.disabled(if: hasSanitizer, "with a sanitizer mlock(2) does nothing"))
    func `locked memory is what the kernel says`() async {
        await #expect(processExitsWith: .success) {
            #expect(!ProcessLimits.isMemoryLocked)
            let page = unsafe mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            if unsafe mlock(page, 4096) == 0 { #expect(ProcessLimits.isMemoryLocked) }
        }
    }

    @Test func `the journal is used only where standard error goes there`() async {
        await #expect(processExitsWith: .success) {
            unsafe unsetenv("JOURNAL_STREAM")
            #expect(!Journal.isConnected)
            var status = stat()
            try #require(unsafe fstat(STDERR_FILENO, &status) == 0)
            unsafe setenv("JOURNAL_STREAM", "\(status.st_dev):\(status.st_ino)", 1)
            #expect(Journal.isConnected)
            for text in ["\(status.st_dev):\(status.st_ino + 1)", "\(status.st_dev)", "", "a:b"] {
                unsafe setenv("JOURNAL_STREAM", text, 1)
                #expect(!Journal.isConnected, "\(text)")
            }
        }
    }
}
