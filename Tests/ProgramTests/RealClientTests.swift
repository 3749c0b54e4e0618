import Foundation
import JetonAPI
import TestSupport
import Testing

/// Real clients sign in by the agent, at a real homeserver.
@Suite(.serialized, .timeLimit(.minutes(10))) struct RealClientTests {
    @Test(.needsRealClients) func `matrix-commander signs in by SSO, with our stand-in as its browser`() async throws {
        let scene = try await SSOScene()
        let (homeserver, user, prompt, agent) = (scene.homeserver, scene.user, scene.prompt, scene.agent)
        let folder = try ScratchFolder()
        let python = try #require(RealClients.python)
        let signIn = [
            "exec", "--browser", "--socket", agent.socket, "--", python, "-m", "matrix_commander.matrix_commander",
            "--login", "sso",
            "--homeserver", homeserver.address, "--device", "commander", "--room-default", "!none:localhost",
            "--credentials", folder.file("credentials.json"), "--store", folder.file("store"),
        ]
        var ended = try await run("jeton", signIn, environment: ["HOME": folder.path])
        // It listens on a port of its own choice, which others may have at that moment, as theirs of a connection.
        for _ in 1...20 where ended.errors.contains("address already in use") {
            ended = try await run("jeton", signIn, environment: ["HOME": folder.path])
        }
        #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
        struct Credentials: Decodable { var user_id, device_id, access_token: String }
        let data = try Data(contentsOf: URL(fileURLWithPath: folder.file("credentials.json")))
        let credentials = try JSONDecoder().decode(Credentials.self, from: data)
        #expect(credentials.user_id == user.id)
        #expect(credentials.device_id != scene.own.deviceId)
        let other = OtherClient(homeserver.address)
        #expect(try await other.whoAmI(credentials.access_token).body["user_id"] == user.id)
        // The user was told who asks, and has seen no browser.
        #expect(prompt.description.contains("localhost port 38080, process"))
        #expect(prompt.questions == 1)
        try await agent.stop()
    }

    @Test(.needsRealClients, arguments: ["nio", "mautrix"], [["--fd", "5"], ["--env"]])
    func `a bot signs in by the token of jeton exec`(library: String, options: [String]) async throws {
        let (agent, user, homeserver) = try await signedIn(.synapse)
        let python = try #require(RealClients.python)
        let script = "\(Programs.repository)/Tests/TestSupport/sign-in"
        let arguments = ["exec", "--password-stdin"] + options + ["--", python, script, library]
        let ended = try await run(
            "jeton",
            arguments,
            environment: ["JETON_SOCKET": agent.socket, "HOME": agent.folder.path],
            input: user.password + "\n"
        )
        #expect(ended.status == 0, "\(ended.errors)")
        let words = ended.output.split(separator: " ")
        #expect(words.first.map { String($0) } == user.id)
        let devices = try await agent.call(ListDevices()).devices
        #expect(devices.contains { $0.displayName == library })
        _ = homeserver
        try await agent.stop()
    }
}
