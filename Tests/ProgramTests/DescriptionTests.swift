import Foundation
import JetonAPI
import TestSupport
import Testing

/// What the API says about itself, as other programs read it.
@Suite struct DescriptionTests {
    private static let document = "\(Programs.repository)/Tests/OpenRPC/openrpc.json"

    @Test func `a running agent describes itself as the committed document does`() async throws {
        let agent = try await AgentUnderTest().start()
        let described = try await agent.call(Discover())
        let committed = try Data(contentsOf: URL(filePath: Self.document))
        #expect(try JSONDecoder().decode(JSONValue.self, from: committed) == described)
        try await agent.stop()
    }

    @Test(.enabled(if: hasJSONSchema, "SKIPPED: python3-jsonschema is not installed"))
    func `the document is valid OpenRPC, and its examples fit their schemas`() async throws {
        let checked = try await run("\(Programs.repository)/Tests/OpenRPC/check", [Self.document])
        #expect(checked.status == 0, "\(checked.output)")
    }

    @Test(
        .enabled(if: hasJSONSchema, "SKIPPED: python3-jsonschema is not installed"),
        arguments: [
            (#""openrpc" : "1.3.2""#, #""openrpc" : "2""#, "openrpc"),
            (#""paramStructure" : "by-name""#, #""paramStructure" : "by-nature""#, "by-nature"),
            ("#/components/errors/forbidden", "#/components/errors/none", "leads nowhere"),
            (#""pid" : 4711"#, #""pid" : "4711""#, "agent.status"),
        ]
    )
    func `the check finds what is wrong`(right: String, wrong: String, fault: String) async throws {
        let folder = try ScratchFolder()
        let text = try String(contentsOfFile: Self.document, encoding: .utf8)
        try #require(text.contains(right))
        let file = try folder.write(text.replacingOccurrences(of: right, with: wrong), to: "openrpc.json")
        let checked = try await run("\(Programs.repository)/Tests/OpenRPC/check", [file])
        #expect(checked.status == 1)
        #expect(checked.output.contains(fault), "\(checked.output)")
    }

    @Test(.enabled(if: hasMandoc, "SKIPPED: mandoc is not installed"))
    func `the manual page has no fault, and shows what is typed as it is typed`() async throws {
        let page = "\(Programs.repository)/systemd/man/jeton-rpc.7"
        let linted = try await run("/usr/bin/mandoc", ["-T", "lint", "-W", "warning", page])
        #expect(linted.status == 0, "\(linted.output)")
        let shown = try await run("/usr/bin/mandoc", ["-T", "utf8", "-O", "width=120", page])
        let text = shown.output.replacing(/.\u{8}/, with: "")
        for method in OpenRPC.methods { #expect(text.contains("\n   \(method.name)\n"), "\(method.name)") }
        for name in ["login-token.sh", "login-token.py"] {
            let lines = try String(contentsOfFile: "\(Programs.repository)/Tests/examples/\(name)", encoding: .utf8)
                .split(separator: "\n")
            for line in lines { #expect(text.contains(line), "\(line)") }
        }
    }

    @Test func `bash completes the methods of jeton rpc`() async throws {
        let script = """
            source <("$1" --generate-completion-script bash)
            COMP_WORDS=(jeton rpc login_token.) COMP_CWORD=2 COMP_LINE='jeton rpc login_token.' COMP_POINT=22
            _jeton jeton login_token. rpc
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let completed = try await run("/bin/bash", ["-c", script, "bash", Programs.path("jeton")])
        let offered = completed.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let expected = OpenRPC.methods.map { $0.name }.filter { $0.hasPrefix("login_token.") }
        #expect(Set(offered) == Set(expected), "\(completed.errors)")
    }
}

private let hasJSONSchema = (try? waitStatus("/usr/bin/python3", ["-c", "import jsonschema"])) == 0
private let hasMandoc = FileManager.default.fileExists(atPath: "/usr/bin/mandoc")

/// For conditions, which are looked at before any test runs.
private func waitStatus(_ program: String, _ arguments: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}
