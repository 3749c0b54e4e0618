internal import CSystemd
internal import Glibc
public import SystemPackage

/// A client's side of a conversation with a message bus, without the bus: whoever holds the connection passes on what
/// comes and what is to go. sd-bus would wait for a socket by itself, which an event loop must do; so it speaks into a
/// pair of sockets, and this is the other end. Not for two threads at a time.
@safe public final class BusConversation {
    private let bus: OpaquePointer
    private let wire: CInt

    /// Begins with the greeting, which is to be fetched by `outgoing`.
    public init() throws(Errno) {
        var pair: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &pair) == 0 else { throw Errno(rawValue: errno) }
        do throws(Errno) {
            unsafe bus = try Self.client(pair[0])
        } catch {
            close(pair[0])
            close(pair[1])
            throw error
        }
        wire = pair[1]
    }

    deinit {
        unsafe sd_bus_close(bus)
        unsafe sd_bus_unref(bus)
        close(wire)
    }

    /// A client of a bus, which owns the descriptor from then on.
    private static func client(_ descriptor: CInt) throws(Errno) -> OpaquePointer {
        var made: OpaquePointer?
        _ = try Errno.check(unsafe sd_bus_new(&made))
        guard let bus = unsafe made else { throw .noMemory }
        do throws(Errno) {
            _ = try Errno.check(unsafe sd_bus_set_bus_client(bus, 1))
            _ = try Errno.check(unsafe sd_bus_negotiate_fds(bus, 0))
            _ = try Errno.check(unsafe sd_bus_set_fd(bus, descriptor, descriptor))
            _ = try Errno.check(unsafe sd_bus_start(bus))
        } catch {
            // It must not close what the caller closes.
            unsafe sd_bus_unref(bus)
            throw error
        }
        return unsafe bus
    }

    /// Calls a method. An answer comes as a message, some time.
    /// - Returns: the call's number, by which the answer is known.
    public func send(_ call: BusCall) throws(Errno) -> UInt64 {
        let message = try unsafe call.message(for: bus)
        defer { unsafe sd_bus_message_unref(message) }
        // A service that does not run is not wanted so much that it must be started.
        _ = try Errno.check(unsafe sd_bus_message_set_auto_start(message, 0))
        var number: UInt64 = 0
        _ = try Errno.check(unsafe sd_bus_send(bus, message, &number))
        return number
    }

    /// Takes what the bus has sent.
    /// - Returns: the messages that are complete now.
    /// - Throws: where the conversation is over: the bus has refused us, or does not speak D-Bus.
    public func take(_ bytes: [UInt8]) throws(Errno) -> [BusMessage] {
        var messages: [BusMessage] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            // Whatever was there before has been read: there is room.
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(wire, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Errno(rawValue: errno) }
            rest = rest.dropFirst(count)
            messages += try process()
        }
        return messages
    }

    /// What is to be sent to the bus, since this was asked last.
    public func outgoing() -> [UInt8] {
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe part.withUnsafeMutableBytes { unsafe read(wire, $0.baseAddress, $0.count) }
            guard count > 0 else { return all }
            all += part.prefix(count)
        }
    }

    private func process() throws(Errno) -> [BusMessage] {
        var messages: [BusMessage] = []
        while true {
            var made: OpaquePointer?
            guard try Errno.check(unsafe sd_bus_process(bus, &made)) > 0 else { return messages }
            guard let message = unsafe made else { continue }
            defer { unsafe sd_bus_message_unref(message) }
            messages.append(try unsafe BusMessage(message))
        }
    }
}
