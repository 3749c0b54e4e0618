internal import Glibc
internal import NIOPosix
internal import SystemPackage
internal import UnixSignals

/// Standard output, which may take nothing for as long as its reader likes.
enum Printing {
    /// - Parameters:
    ///   - bytes: what to print.
    ///   - signals: all that come.
    ///   - end: for those that ask this program to end before all is written.
    /// - Returns: why not all of it was written.
    /// - Throws: where there is no thread for it any more.
    static func print(
        _ bytes: [UInt8],
        unless signals: UnixSignalsSequence,
        end: @escaping @Sendable (Int32) async -> Never
    ) async throws -> Errno? {
        try await withThrowingTaskGroup(of: Errno?.self) { group in
            group.addTask {
                for await signal in signals where ends(signal) { await end(signal.rawValue) }
                return nil
            }
            // On a thread of its own, which blocks where nobody reads.
            group.addTask { try await NIOThreadPool.singleton.runIfActive { write(bytes, to: STDOUT_FILENO) } }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    private static func ends(_ signal: UnixSignal) -> Bool { ![.sigusr1, .sigusr2].contains(signal) }

    /// - Returns: why not all of it was written.
    static func write(_ bytes: [UInt8], to descriptor: CInt) -> Errno? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return Errno(rawValue: errno) }
            rest = rest.dropFirst(max(count, 0))
        }
        return nil
    }
}
