internal import Glibc

/// An error of the C library or of libsystemd, by its number.
public struct Errno: Error, Sendable, Equatable, CustomStringConvertible {
    public var code: CInt

    public init(code: CInt) { self.code = code }

    public var description: String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    /// libsystemd's result convention, once: negative numbers are errors.
    static func check(_ result: CInt) throws(Errno) -> CInt {
        guard result >= 0 else { throw Errno(code: -result) }
        return result
    }
}
