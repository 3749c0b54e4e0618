internal import CSystemd
internal import Glibc
public import SystemPackage

/// The listening sockets that the service manager opened for us, by name (sd_listen_fds(3)).
public struct PassedSockets: Sendable {
    public let descriptors: [String: CInt]

    /// What keeps us from using what was passed.
    public enum Problem: Error, Equatable, CustomStringConvertible {
        case failed(Errno)
        case unknown(name: String, known: [String])
        case duplicate(name: String)
        case notListening(name: String)

        public var description: String {
            switch self {
            case .failed(let error): "the sockets passed by the service manager cannot be read: \(error)"
            case .unknown(let name, let known):
                """
                the service manager passed a socket named "\(name)"; known names: \(known.joined(separator: ", ")). \
                Set FileDescriptorName= in the socket unit (systemd-socket-activate: --fdname=)
                """
            case .duplicate(let name):
                "the service manager passed two sockets named \"\(name)\"; leave one of them out of the socket units"
            case .notListening(let name):
                "the passed socket \"\(name)\" is no listening Unix stream socket; use ListenStream= with a path"
            }
        }
    }

    /// Takes over what was passed. Call it before any thread starts: it changes the environment.
    public static func take(known: [String]) throws(Problem) -> PassedSockets {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count: CInt
        do {
            count = try Errno.check(unsafe sd_listen_fds_with_names(1, &list))
        } catch {
            throw .failed(error)
        }
        defer { unsafe release(list, count: count) }
        let passed = (0..<count).map { index in
            let name = unsafe (list?[Int(index)]).map { unsafe String(cString: $0) } ?? "unknown"
            return (name: name, descriptor: 3 + index)  // SD_LISTEN_FDS_START
        }
        do {
            return PassedSockets(descriptors: try sort(passed, known: known))
        } catch {
            turnAway(passed.map(\.descriptor))
            throw error
        }
    }

    private static func sort(
        _ passed: [(name: String, descriptor: CInt)],
        known: [String]
    ) throws(Problem) -> [String: CInt] {
        var descriptors: [String: CInt] = [:]
        for (name, descriptor) in passed {
            guard known.contains(name) else { throw .unknown(name: name, known: known) }
            guard descriptors[name] == nil else { throw .duplicate(name: name) }
            guard sd_is_socket_unix(descriptor, CInt(SOCK_STREAM.rawValue), 1, nil, 0) > 0 else {
                throw .notListening(name: name)
            }
            descriptors[name] = descriptor
        }
        return descriptors
    }

    /// Closes the connections that wait. It is for an agent that cannot start: these clients would wait without end,
    /// and systemd would start the agent again and again for them.
    public func turnAwayWaiting() { Self.turnAway(Array(descriptors.values)) }

    private static func turnAway(_ descriptors: [CInt]) {
        for descriptor in descriptors {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while unsafe poll(&waiting, 1, 0) == 1 {
                let client = accept(descriptor, nil, nil)
                guard client >= 0 else { break }
                close(client)
            }
        }
    }

    private static func release(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, count: CInt) {
        guard let list = unsafe list else { return }
        for index in 0..<Int(count) { unsafe free(list[index]) }
        unsafe free(list)
    }
}
