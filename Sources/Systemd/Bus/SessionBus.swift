internal import CSystemd
public import SystemPackage

/// A client of the user's own message bus that waits for each answer: for programs that do one thing and end.
@safe public final class SessionBus {
    private let bus: OpaquePointer

    /// Why there is no result.
    public enum Failure: Error, Sendable, Equatable {
        /// What the bus or the service says, by the error's name, as in org.freedesktop.DBus.Error.ServiceUnknown.
        case refused(name: String)
        case broken(Errno)
    }

    /// Connects; nothing is sent yet.
    public init() throws(Failure) {
        var made: OpaquePointer?
        let result = unsafe sd_bus_open_user(&made)
        guard result >= 0, let bus = unsafe made else { throw .broken(Errno(rawValue: -result)) }
        unsafe self.bus = bus
    }

    deinit { unsafe sd_bus_flush_close_unref(bus) }

    /// Calls a method and waits for its result; a service that does not run is started.
    /// - Parameters:
    ///   - call: what to call.
    ///   - limit: how long that may take; nil: as long as the service likes.
    /// - Returns: the result.
    /// - Throws: why there is none.
    public func call(_ call: BusCall, within limit: Duration? = nil) throws(Failure) -> [BusValue] {
        var error = unsafe sd_bus_error()
        defer { unsafe sd_bus_error_free(&error) }
        do throws(Errno) {
            let message = try unsafe call.message(for: bus)
            defer { unsafe sd_bus_message_unref(message) }
            var made: OpaquePointer?
            _ = try Errno.check(unsafe sd_bus_call(bus, message, limit.map(Self.microseconds) ?? .max, &error, &made))
            guard let reply = unsafe made else { throw .noMemory }
            defer { unsafe sd_bus_message_unref(reply) }
            return try unsafe BusMessage(reply).arguments
        } catch let problem {
            guard let name = unsafe error.name else { throw .broken(problem) }
            throw .refused(name: unsafe String(cString: name))
        }
    }

    /// Lets what matches come (D-Bus specification, "Match Rules"), as long as the connection is there.
    public func watch(_ rule: String) throws(Failure) {
        _ = try ask("AddMatch", rule)
    }

    /// The unique name of whoever has this one now.
    public func owner(of name: String) throws(Failure) -> String { try ask("GetNameOwner", name).first?.string ?? "" }

    /// The bus itself, as a service.
    static let busName = "org.freedesktop.DBus"

    private func ask(_ member: String, _ argument: String) throws(Failure) -> [BusValue] {
        let call = BusCall(Self.busName, "/org/freedesktop/DBus", Self.busName, member, [.string(argument)])
        return try self.call(call, within: Self.patience)
    }

    /// The bus itself answers at once.
    private static let patience = Duration.seconds(10)

    /// Waits for what comes unasked.
    /// - Returns: nil at the deadline.
    public func nextMessage(until deadline: ContinuousClock.Instant) throws(Failure) -> BusMessage? {
        do throws(Errno) {
            while true {
                var made: OpaquePointer?
                let hasWorked = try Errno.check(unsafe sd_bus_process(bus, &made)) > 0
                if let message = unsafe made {
                    defer { unsafe sd_bus_message_unref(message) }
                    return try unsafe BusMessage(message)
                }
                let left = ContinuousClock.now.duration(to: deadline)
                guard left > .zero else { return nil }
                if !hasWorked { try wait(atMost: left) }
            }
        } catch {
            throw .broken(error)
        }
    }

    private func wait(atMost limit: Duration) throws(Errno) {
        do throws(Errno) {
            _ = try Errno.check(unsafe sd_bus_wait(bus, Self.microseconds(limit)))
        } catch .interrupted {
            return
        }
    }

    private static func microseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        return UInt64(max(0, seconds)) * 1_000_000 + UInt64(max(0, attoseconds / 1_000_000_000_000))
    }
}
