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

    /// Calls a method and waits for its result, as long as it takes; a service that does not run is started.
    public func call(_ call: BusCall) throws(Failure) -> [BusValue] {
        var error = unsafe sd_bus_error()
        defer { unsafe sd_bus_error_free(&error) }
        do throws(Errno) {
            let message = try unsafe call.message(for: bus)
            defer { unsafe sd_bus_message_unref(message) }
            var made: OpaquePointer?
            _ = try Errno.check(unsafe sd_bus_call(bus, message, .max, &error, &made))
            guard let reply = unsafe made else { throw .noMemory }
            defer { unsafe sd_bus_message_unref(reply) }
            return try unsafe BusMessage(reply).arguments
        } catch let problem {
            guard let name = unsafe error.name else { throw .broken(problem) }
            throw .refused(name: unsafe String(cString: name))
        }
    }
}
