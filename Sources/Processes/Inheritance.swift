internal import Glibc
public import SystemPackage

/// What another program reads from a descriptor that it inherits: a pipe that holds all of it, and ends.
public struct Inheritance {
    /// The end to read from. Ours ends with this process, or when another program takes its place.
    public let descriptor: CInt

    /// - Parameter bytes: far less than a pipe takes at once (64 KiB).
    /// - Throws: where there can be no pipe.
    public init(_ bytes: [UInt8]) throws(Errno) {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let count = unsafe bytes.withUnsafeBytes { unsafe write(ends[1], $0.baseAddress, $0.count) }
        close(ends[1])
        descriptor = ends[0]
        guard count == bytes.count else { throw .resourceTemporarilyUnavailable }
    }

    /// Keeps it for the program that comes in the place of this one, by this number.
    public func keep(as number: CInt) throws(Errno) {
        let isKept = descriptor == number ? fcntl(number, F_SETFD, 0) == 0 : dup2(descriptor, number) == number
        guard isKept else { throw Errno(rawValue: errno) }
    }
}
