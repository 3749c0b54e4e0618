import Foundation
import Testing

@testable import Systemd

struct BootTimerTests {
    /// Waits until the descriptor has something to say, at most so many milliseconds.
    private func isReadable(_ descriptor: CInt, within milliseconds: CInt) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&wanted, 1, milliseconds) == 1
    }

    @Test func `goes off after its time, once, and not before it is set`() throws {
        let timer = try BootTimer()
        let reader = try timer.reader()
        defer { close(reader) }
        #expect(!isReadable(reader, within: 0))
        timer.set(after: .milliseconds(20))
        #expect(isReadable(reader, within: 20_000))
        var count: UInt64 = 0
        #expect(unsafe read(reader, &count, 8) == 8)
        #expect(count == 1)
        #expect(!isReadable(reader, within: 50))
    }

    @Test func `what is due at once goes off at once, and what is called off does not`() throws {
        let timer = try BootTimer()
        let reader = try timer.reader()
        defer { close(reader) }
        timer.set(after: .zero)
        #expect(isReadable(reader, within: 20_000))
        timer.set(after: .seconds(3600))
        #expect(!isReadable(reader, within: 0))
        timer.set(after: .seconds(-5))
        #expect(isReadable(reader, within: 20_000))
        timer.set(after: nil)
        #expect(!isReadable(reader, within: 50))
        timer.set(after: .seconds(Int64.max))
        #expect(!isReadable(reader, within: 0))
    }

    @Test func `counts the time that the machine sleeps`() throws {
        let timer = try BootTimer()
        let reader = try timer.reader()
        defer { close(reader) }
        // proc(5): the clock of a timerfd is told there by its number.
        let told = try String(contentsOfFile: "/proc/self/fdinfo/\(reader)", encoding: .utf8)
        #expect(told.contains("clockid: \(CLOCK_BOOTTIME)\n"))
    }
}

struct NetworkChangesTests {
    @Test func `is a socket that says nothing while nothing changes`() throws {
        let descriptor = try NetworkChanges.open()
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let size = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        #expect(size < 0 && errno == EAGAIN)
    }
}
