internal import FoundationEssentials

/// Where the system's message bus listens (D-Bus specification, "Server Addresses" and "Well-known Message Bus
/// Instances").
public enum BusAddress {
    private static let usual = "/run/dbus/system_bus_socket"

    /// The path of the system bus's socket; nil where `DBUS_SYSTEM_BUS_ADDRESS` names none that is a file.
    public static var system: String? {
        guard let address = ProcessInfo.processInfo.environment["DBUS_SYSTEM_BUS_ADDRESS"] else { return usual }
        return path(in: address)
    }

    /// The path of the first Unix socket among the addresses, which are separated by semicolons.
    static func path(in addresses: String) -> String? {
        for address in addresses.split(separator: ";") where address.hasPrefix("unix:") {
            for pair in address.dropFirst("unix:".count).split(separator: ",") where pair.hasPrefix("path=") {
                return unescaped(pair.dropFirst("path=".count))
            }
        }
        return nil
    }

    /// Everything but letters, digits and a few signs is written as % and two hexadecimal digits.
    private static func unescaped(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
