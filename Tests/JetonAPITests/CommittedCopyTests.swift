import FoundationEssentials
import Testing

@testable import JetonAPI

/// A file of the repository that is made from the declarations.
enum CommittedCopy {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let renewal = "JETON_RENEW=1 Tests/run --filter CommittedCopyTests"

    static func read(_ path: String) -> String {
        let data = try? Data(contentsOf: repository.appending(path: path))
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    /// Compares the file with what it should be; where renewing is asked for, makes it so.
    static func check(_ path: String, _ text: String) throws {
        if ProcessInfo.processInfo.environment["JETON_RENEW"] == "1" {
            try Data(text.utf8).write(to: repository.appending(path: path))
        }
        #expect(read(path) == text, "\(path) is stale; renew it with: \(renewal)")
    }
}

struct CommittedCopyTests {
    @Test func `the OpenRPC document is the one that is committed`() throws {
        let encoder = JSONCoding.encoder(pretty: true)
        let text = String(decoding: try encoder.encode(OpenRPC.document), as: UTF8.self)
        try CommittedCopy.check("Tests/OpenRPC/openrpc.json", text + "\n")
    }

    @Test func `the manual page is the one that is committed`() throws {
        try CommittedCopy.check("systemd/man/jeton-rpc.7", ManualPage.text)
    }
}
