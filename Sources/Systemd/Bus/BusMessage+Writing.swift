internal import CSystemd
internal import SystemPackage

extension BusCall {
    /// The message, which is the caller's to release.
    func message(for bus: OpaquePointer) throws(Errno) -> OpaquePointer {
        var made: OpaquePointer?
        _ = try Errno.check(
            unsafe sd_bus_message_new_method_call(bus, &made, destination, path, interface, member)
        )
        guard let message = unsafe made else { throw .noMemory }
        do throws(Errno) {
            for argument in arguments { try unsafe argument.append(to: message) }
        } catch {
            unsafe sd_bus_message_unref(message)
            throw error
        }
        return unsafe message
    }
}

extension BusCall.Argument {
    /// Its type, as the bus writes it (D-Bus specification, "Type System").
    fileprivate var signature: String {
        switch self {
        case .string: "s"
        case .number: "u"
        case .integer: "i"
        case .list: "as"
        case .boolean: "b"
        case .path: "o"
        case .bytes: "ay"
        case .variant: "v"
        case .fields(let fields): "(\(fields.map(\.signature).joined()))"
        case .strings: "a{ss}"
        case .variants: "a{sv}"
        }
    }

    fileprivate func append(to message: OpaquePointer) throws(Errno) {
        switch self {
        case .string(let text): try unsafe Self.append(text, "s", to: message)
        case .path(let path): try unsafe Self.append(path, "o", to: message)
        case .number(var number):
            _ = try Errno.check(unsafe sd_bus_message_append_basic(message, Self.type("u"), &number))
        case .integer(var number):
            _ = try Errno.check(unsafe sd_bus_message_append_basic(message, Self.type("i"), &number))
        case .list(let texts):
            try unsafe Self.put(texts.map { .string($0) }, into: "a", "s", of: message)
        case .boolean(let isTrue):
            var number: CInt = isTrue ? 1 : 0
            _ = try Errno.check(unsafe sd_bus_message_append_basic(message, Self.type("b"), &number))
        case .bytes(let bytes):
            let result = unsafe bytes.withUnsafeBytes {
                unsafe sd_bus_message_append_array(message, Self.type("y"), $0.baseAddress, $0.count)
            }
            _ = try Errno.check(result)
        case .variant(let inner):
            try unsafe Self.put([inner], into: "v", inner.signature, of: message)
        case .fields(let fields):
            try unsafe Self.put(fields, into: "r", fields.map(\.signature).joined(), of: message)
        case .strings(let pairs):
            try unsafe Self.put(pairs.mapValues { .string($0) }, "ss", to: message)
        case .variants(let pairs):
            try unsafe Self.put(pairs.mapValues { .variant($0) }, "sv", to: message)
        }
    }

    private static func type(_ letter: Unicode.Scalar) -> CChar { CChar(UInt8(ascii: letter)) }

    private static func append(
        _ text: String,
        _ letter: Unicode.Scalar,
        to message: OpaquePointer
    ) throws(Errno) {
        let result = unsafe text.withCString { unsafe sd_bus_message_append_basic(message, type(letter), $0) }
        _ = try Errno.check(result)
    }

    private static func put(
        _ contents: [Self],
        into letter: Unicode.Scalar,
        _ signature: String,
        of message: OpaquePointer
    ) throws(Errno) {
        _ = try Errno.check(unsafe sd_bus_message_open_container(message, type(letter), signature))
        for content in contents { try unsafe content.append(to: message) }
        _ = try Errno.check(unsafe sd_bus_message_close_container(message))
    }

    private static func put(_ pairs: [String: Self], _ types: String, to message: OpaquePointer) throws(Errno) {
        _ = try Errno.check(unsafe sd_bus_message_open_container(message, type("a"), "{\(types)}"))
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            try unsafe put([.string(key), value], into: "e", types, of: message)
        }
        _ = try Errno.check(unsafe sd_bus_message_close_container(message))
    }
}
