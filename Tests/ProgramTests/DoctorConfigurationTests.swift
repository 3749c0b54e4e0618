import Foundation
import TestSupport
import Testing

/// What `jeton doctor` says of settings, and of what depends on them.
@Suite struct DoctorConfigurationTests {
    @Test(arguments: [
        ("{ consent: ", "config.json5 cannot be understood", "Mend the configuration first"),
        ("{pinentry: 'pinentry'}", "pinentry in config.json5 must be a whole path", "Mend the configuration first"),
        ("{pinentry: '/nowhere/pinentry'}", "there is no /nowhere/pinentry", "apt-get install"),
    ])
    func `a pinentry is missed only where the configuration says which one is meant`(
        text: String,
        detail: String,
        cure: String
    ) async throws {
        let folder = try ScratchFolder()
        try folder.write(text, to: ".config/jeton/config.json5")
        let finding = try #require(try await Report(socket: folder.file("agent.sock"), folder: folder)["pinentry"])
        #expect(finding.state == "note")
        #expect(finding.detail.contains(detail), "\(finding.detail)")
        #expect(finding.cure?.contains(cure) == true, "\(finding.cure ?? "")")
    }

    @Test func `without HOME it looks at the folders that it is given, and at no other`() async throws {
        let folder = try ScratchFolder()
        let file = try folder.write("{\n  consent: 7,\n}", to: "config/config.json5")
        let arguments = ["doctor", "--json", "--socket", folder.file("agent.sock"), "--config", folder.file("config")]
        for (state, isKnown) in [(["--state", folder.file("state")], true), ([], false)] {
            let ended = try await run("jeton", arguments + state)
            let report = try JSONDecoder().decode(Report.self, from: Data(ended.output.utf8))
            let finding = try #require(report["configuration"])
            #expect(finding.state == "problem")
            #expect(finding.detail.hasPrefix("\(file), line 2, column 12"), "\(finding.detail)")
            #expect(report["state_folder"]?.state == (isKnown ? "ok" : "note"))
        }
    }
}
