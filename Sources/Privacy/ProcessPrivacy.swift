internal import CPrivacy
internal import Glibc
public import SystemPackage

/// What keeps other programs of the same user away from this process's memory; read from the kernel, not remembered.
public enum ProcessPrivacy {
    /// No ptrace, no /proc/PID/mem, no core dump, and no report of a crash: for everyone but root.
    public static func begin() throws(Errno) {
        // Swift's runtime does so where SWIFT_BACKTRACE asks for it, and prints what the registers point to.
        for crash in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGQUIT] { signal(crash, SIG_DFL) }
        guard jeton_set_dumpable(0) == 0 else { throw Errno(rawValue: errno) }
    }

    /// No core dump of the programs that this one starts, either.
    public static func forbidCores() throws(Errno) {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0 else {
            throw Errno(rawValue: errno)
        }
    }

    /// Overwrites bytes that nobody reads any more, whoever keeps their memory for later.
    public static func wipe(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.baseAddress else { return }
        unsafe explicit_bzero(UnsafeMutableRawPointer(mutating: first), bytes.count)
    }

    /// The same with the first bytes of an array.
    public static func wipe(_ bytes: inout [UInt8], first count: Int) {
        unsafe bytes.withUnsafeMutableBytes { unsafe wipe(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    public static var isDumpable: Bool { jeton_get_dumpable() != 0 }

    /// Whether memory is overwritten when it is freed, whoever had it; not so under a sanitizer.
    public static var wipesFreedMemory: Bool { jeton_wipes_freed_memory() }
}
