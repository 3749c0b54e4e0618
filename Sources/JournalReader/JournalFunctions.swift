internal import Glibc

/// libsystemd's journal reader (sd-journal(3)), loaded when it is wanted: as a library of the program it and the six
/// that it needs itself would have to be loaded at each start.
@safe struct JournalFunctions: Sendable {
    typealias Journal = OpaquePointer

    let open: @convention(c) (UnsafeMutablePointer<Journal?>, CInt) -> CInt
    let close: @convention(c) (Journal) -> Void
    let addMatch: @convention(c) (Journal, UnsafeRawPointer?, Int) -> CInt
    let seek: @convention(c) (Journal, UInt64) -> CInt
    let next: @convention(c) (Journal) -> CInt
    let time: @convention(c) (Journal, UnsafeMutablePointer<UInt64>) -> CInt
    let restartData: @convention(c) (Journal) -> Void
    let enumerateData:
        @convention(c) (Journal, UnsafeMutablePointer<UnsafeRawPointer?>, UnsafeMutablePointer<Int>) -> CInt
    let wait: @convention(c) (Journal, UInt64) -> CInt

    /// - Throws: what is missing.
    init() throws(JournalProblem) {
        // It stays loaded until the process ends: the functions point into it.
        guard let library = unsafe dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL) else { throw .last }
        unsafe open = try Self.find("sd_journal_open", in: library)
        unsafe close = try Self.find("sd_journal_close", in: library)
        unsafe addMatch = try Self.find("sd_journal_add_match", in: library)
        unsafe seek = try Self.find("sd_journal_seek_realtime_usec", in: library)
        unsafe next = try Self.find("sd_journal_next", in: library)
        unsafe time = try Self.find("sd_journal_get_realtime_usec", in: library)
        unsafe restartData = try Self.find("sd_journal_restart_data", in: library)
        unsafe enumerateData = try Self.find("sd_journal_enumerate_available_data", in: library)
        unsafe wait = try Self.find("sd_journal_wait", in: library)
    }

    private static func find<Function>(
        _ name: String,
        in library: UnsafeMutableRawPointer
    ) throws(JournalProblem) -> Function {
        guard let symbol = unsafe dlsym(library, name) else { throw .last }
        return unsafe unsafeBitCast(symbol, to: Function.self)
    }
}

extension JournalProblem {
    /// What the dynamic linker says.
    fileprivate static var last: JournalProblem {
        let text = unsafe dlerror().map { unsafe String(cString: $0) } ?? "no reason is told"
        return .noLibrary(text)
    }
}
