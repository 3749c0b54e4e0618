internal import CSystemd
internal import Glibc
public import SystemPackage

/// The kernel's news of the network (rtnetlink(7)).
public enum NetworkChanges {
    /// Links, addresses and routes: with the last of them a homeserver can be reached.
    private static let groups =
        RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE

    /// Opens a socket that becomes readable when the network has changed; it belongs to the caller.
    public static func open() throws(Errno) -> CInt {
        let kind = CInt(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_NETLINK, kind, CInt(NETLINK_ROUTE))
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        // What they say is not looked at, so that it does not matter if some is lost.
        var isSilent: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = UInt32(groups)
        let isBound = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size)) == 0
            }
        }
        guard isBound, unsafe setsockopt(descriptor, SOL_NETLINK, NETLINK_NO_ENOBUFS, &isSilent, size) == 0 else {
            let problem = Errno(rawValue: errno)
            close(descriptor)
            throw problem
        }
        return descriptor
    }
}
