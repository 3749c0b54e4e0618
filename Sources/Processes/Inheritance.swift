internal import Glibc
public import SystemPackage

/// What another program reads from a descriptor that it inherits: a pipe that holds all of it, and ends.
public struct Inheritance: ~Copyable {
    /// The end to read from; another program gets it by a descriptor of its own.
    public let descriptor: CInt

    /// - Parameter bytes: far less than a pipe takes at once (64 KiB).
    /// - Throws: where there can be no pipe.
    public init(_ bytes: [UInt8]) throws(Errno) {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let count = unsafe bytes.withUnsafeBytes { unsafe write(ends[1], $0.baseAddress, $0.count) }
        close(ends[1])
        guard count == bytes.count else {
            close(ends[0])
            throw .resourceTemporarilyUnavailable
        }
        descriptor = ends[0]
    }

    deinit { close(descriptor) }

    /// Keeps it for the program that comes in the place of this one, by this number.
    public consuming func keep(as number: CInt) throws(Errno) {
        let own = dup(descriptor)
        guard own >= 0, dup2(own, number) == number else { throw Errno(rawValue: errno) }
        if own != number { close(own) }
    }
}
