internal import CSystemd
internal import Glibc
internal import SystemPackage

extension BusMessage {
    /// Reads a message, which stays the caller's. Anybody may send us a signal, of any form and size: one that cannot be
    /// read says nothing.
    /// - Throws: where that is the answer to a call, which only the bus can have let through.
    init(_ message: OpaquePointer) throws(Errno) {
        var type: UInt8 = 0
        _ = try Errno.check(unsafe sd_bus_message_get_type(message, &type))
        var call: UInt64 = 0
        let isAnswer = unsafe sd_bus_message_get_reply_cookie(message, &call) >= 0
        switch (Int(type), isAnswer) {
        case (SD_BUS_MESSAGE_SIGNAL, _):
            kind = unsafe .signal(
                path: Self.text(sd_bus_message_get_path(message)),
                interface: Self.text(sd_bus_message_get_interface(message)),
                member: Self.text(sd_bus_message_get_member(message))
            )
        case (SD_BUS_MESSAGE_METHOD_RETURN, true): kind = .result(of: call)
        case (SD_BUS_MESSAGE_METHOD_ERROR, true):
            let error = unsafe sd_bus_message_get_error(message)
            kind = unsafe .failure(of: call, name: Self.text(error?.pointee.name))
        default: kind = .other
        }
        sender = unsafe Self.text(sd_bus_message_get_sender(message))
        var reader = unsafe BusReader(message: message)
        do throws(Errno) {
            arguments = try reader.readAll()
        } catch {
            switch kind {
            case .result, .failure: throw error
            case .signal, .other: (kind, arguments) = (.other, [])
            }
        }
    }

    private static func text(_ text: UnsafePointer<CChar>?) -> String {
        unsafe text.map { unsafe String(cString: $0) } ?? ""
    }
}

/// Reads a message's arguments, from the first one on.
@safe private struct BusReader {
    private let message: OpaquePointer
    /// How many values may yet come: logind has no more to say, and a stranger could have us hold millions.
    private var left = 20_000

    init(message: OpaquePointer) { unsafe self.message = message }

    /// What is left of the message, or of the container that was entered.
    mutating func readAll() throws(Errno) -> [BusValue] {
        var values: [BusValue] = []
        while let value = try read() { values.append(value) }
        return values
    }

    /// Nil at the end.
    private mutating func read() throws(Errno) -> BusValue? {
        var type: CChar = 0
        var contents: UnsafePointer<CChar>?
        guard try Errno.check(unsafe sd_bus_message_peek_type(message, &type, &contents)) > 0 else { return nil }
        guard left > 0 else { throw .messageTooLong }
        left -= 1
        switch UInt8(bitPattern: type) {
        case UInt8(ascii: "a"): return .array(try unsafe inside(type, contents))
        case UInt8(ascii: "r"), UInt8(ascii: "e"): return .fields(try unsafe inside(type, contents))
        case UInt8(ascii: "v"): return try unsafe inside(type, contents).first
        case UInt8(ascii: "s"), UInt8(ascii: "o"), UInt8(ascii: "g"):
            var text: UnsafePointer<CChar>?
            _ = try Errno.check(unsafe sd_bus_message_read_basic(message, type, &text))
            return .string(unsafe text.map { unsafe String(cString: $0) } ?? "")
        case UInt8(ascii: "b"): return .boolean(try basic(type, CInt(0)) != 0)
        case UInt8(ascii: "y"): return .integer(Int64(try basic(type, UInt8(0))))
        case UInt8(ascii: "n"): return .integer(Int64(try basic(type, Int16(0))))
        case UInt8(ascii: "q"): return .integer(Int64(try basic(type, UInt16(0))))
        case UInt8(ascii: "i"), UInt8(ascii: "h"): return .integer(Int64(try basic(type, CInt(0))))
        case UInt8(ascii: "u"): return .integer(Int64(try basic(type, UInt32(0))))
        case UInt8(ascii: "x"): return .integer(try basic(type, Int64(0)))
        case UInt8(ascii: "t"): return .integer(Int64(clamping: try basic(type, UInt64(0))))
        case UInt8(ascii: "d"): return .real(try basic(type, Double(0)))
        default: throw .notSupported
        }
    }

    private func basic<Value: BitwiseCopyable>(_ type: CChar, _ empty: Value) throws(Errno) -> Value {
        var value = empty
        _ = try Errno.check(unsafe sd_bus_message_read_basic(message, type, &value))
        return value
    }

    private mutating func inside(_ type: CChar, _ contents: UnsafePointer<CChar>?) throws(Errno) -> [BusValue] {
        _ = try Errno.check(unsafe sd_bus_message_enter_container(message, type, contents))
        let values = try readAll()
        _ = try Errno.check(unsafe sd_bus_message_exit_container(message))
        return values
    }
}
