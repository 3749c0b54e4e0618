import Foundation

/// The ways by which programs of this machine reach one another.
public enum Loopback {
    /// Whether there is ::1, which containers may lack.
    public static let hasIPv6 = {
        let addresses = (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8)) ?? ""
        return addresses.contains(String(repeating: "0", count: 31) + "1 ")
    }()

    /// Whether somebody can listen at an address here, or at what a host is looked up as.
    public static func has(_ address: String) -> Bool { hasIPv6 || !address.contains(":") }
}
