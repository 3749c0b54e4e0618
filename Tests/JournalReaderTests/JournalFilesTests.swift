import Foundation
import Testing

@testable import JournalReader

/// An empty journal is told from one that is not there and from one that is for others.
@Suite struct JournalFilesTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "jeton-\(UUID())").path

    @Test func `where there is no folder, or nothing in it, there is no journal`() throws {
        #expect(throws: JournalProblem.missing) { try JournalFiles.requireReadable(in: [folder]) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: JournalProblem.missing) { try JournalFiles.requireReadable(in: [folder]) }
        try Data().write(to: URL(fileURLWithPath: "\(folder)/user-1000.journal"))
        try JournalFiles.requireReadable(in: ["/nonexistent", folder])
    }
}
