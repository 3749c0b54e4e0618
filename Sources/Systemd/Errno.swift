internal import SystemPackage

extension Errno {
    /// libsystemd's result convention, once: negative numbers are errors.
    static func check(_ result: CInt) throws(Errno) -> CInt {
        guard result >= 0 else { throw Errno(rawValue: -result) }
        return result
    }
}
