internal import Glibc
public import JetonAPI
internal import SystemPackage

/// Reads the journal of this machine, oldest entries first.
@safe public final class JournalReader {
    /// An entry, as journald received it.
    public struct Entry: Sendable {
        /// When it was received.
        public var at: Moment
        /// By name. Those that begin with an underscore are journald's own findings; all others are the writer's words.
        public var fields: [String: String]
    }

    private let functions: JournalFunctions
    private let journal: OpaquePointer

    /// Opens what the user may read.
    /// - Parameter matches: fields that an entry must have, all of them.
    /// - Throws: why there is nothing to read.
    public init(matching matches: [(field: String, value: String)]) throws(JournalProblem) {
        try JournalFiles.requireReadable()
        functions = try JournalFunctions()
        var opened: OpaquePointer?
        try Self.check(unsafe functions.open(&opened, Self.localOnly))
        guard let opened = unsafe opened else { throw .failed(.badFileDescriptor) }
        unsafe journal = opened
        for match in matches {
            let text = Array("\(match.field)=\(match.value)".utf8)
            let result = unsafe text.withUnsafeBytes { unsafe functions.addMatch(journal, $0.baseAddress, $0.count) }
            try Self.check(result)
        }
    }

    deinit { unsafe functions.close(journal) }

    /// SD_JOURNAL_LOCAL_ONLY: not what other machines have sent.
    private static let localOnly: CInt = 1

    /// Goes to the first entry of this moment or later.
    public func seek(to moment: Moment) throws(JournalProblem) {
        let microseconds = max(0, moment.millisecondsSince1970) * 1000
        try Self.check(unsafe functions.seek(journal, UInt64(microseconds)))
    }

    /// The next entry that matches; nil where there is none yet.
    public func next() throws(JournalProblem) -> Entry? {
        guard try Self.check(unsafe functions.next(journal)) > 0 else { return nil }
        var microseconds: UInt64 = 0
        try Self.check(unsafe functions.time(journal, &microseconds))
        var fields: [String: String] = [:]
        unsafe functions.restartData(journal)
        while let (name, value) = try nextField() {
            // Of a field that is there several times, the first one.
            if fields[name] == nil { fields[name] = value }
        }
        return Entry(at: Moment(millisecondsSince1970: Int64(microseconds / 1000)), fields: fields)
    }

    /// Waits until something is added to the journal.
    public func wait() throws(JournalProblem) { try Self.check(unsafe functions.wait(journal, .max)) }

    private func nextField() throws(JournalProblem) -> (name: String, value: String)? {
        var data: UnsafeRawPointer?
        var length = 0
        guard try Self.check(unsafe functions.enumerateData(journal, &data, &length)) > 0, let data = unsafe data else {
            return nil
        }
        let bytes = unsafe UnsafeRawBufferPointer(start: data, count: length)
        let parts = unsafe bytes.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let texts = unsafe parts.map { unsafe String(decoding: $0, as: UTF8.self) }
        return (texts[0], texts.count > 1 ? texts[1] : "")
    }

    @discardableResult
    private static func check(_ result: CInt) throws(JournalProblem) -> CInt {
        guard result >= 0 else { throw .failed(Errno(rawValue: -result)) }
        return result
    }
}
