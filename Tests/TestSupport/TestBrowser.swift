import Foundation

/// A user with a browser, who follows every redirect and presses every button.
public final class TestBrowser: Sendable {
    private let folder: ScratchFolder
    private let arguments: [String]
    private var log: String { folder.file("opened") }

    /// - Parameter user: who they are at the CAS of Tests/homeserver.
    /// - Throws: where there is no folder for its log.
    public init(user: String? = nil) throws {
        folder = try ScratchFolder()
        let log = try folder.write("", to: "opened")
        arguments = ["--log", log] + (user.map { ["--user", $0] } ?? [])
    }

    private static let program = "\(Programs.repository)/Tests/TestSupport/browser"

    /// What goes into $BROWSER.
    public var command: String { ([Self.program] + arguments).joined(separator: " ") }

    /// Opens an address, and gives the page at which that ends.
    @discardableResult
    public func open(_ address: String) async throws -> String {
        let ended = try await run(Self.program, arguments + [address])
        guard ended.status == 0 else { throw Unexpected("the browser failed: \(ended.errors)") }
        return ended.output
    }

    /// The addresses that it was given so far.
    public func opened() throws -> [String] {
        try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map { String($0) }
    }
}
