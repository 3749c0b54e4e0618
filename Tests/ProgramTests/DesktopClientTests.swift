import Foundation
import JetonAPI
import TestSupport
import Testing

/// Desktop clients in windows of their own sign in by the agent, at a real homeserver.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DesktopClientTests {
    /// A client of Debian's, as its users find it.
    enum Client: String, CustomTestStringConvertible {
        case nheko, quaternion

        var testDescription: String { rawValue }

        /// What its user does from its first window on.
        func steps(to homeserver: String, as user: String) -> [Desktop.Step] {
            switch self {
            case .nheko:
                [
                    .press("LOGIN"), .type(user, into: "Matrix ID"),
                    // It asks for the homeserver, as the user's server name leads to none.
                    .type(homeserver, into: "Homeserver address"), .press("Login using Test CAS"),
                    .see("Setup Encryption"), .press("Cancel"), .miss("Setup Encryption"),
                    // It has little room for it.
                    .see(String(user.prefix(8))),
                ]
            case .quaternion:
                [.type(homeserver, into: "Connect to server"), .press("Login with SSO"), .see(user)]
            }
        }

        /// No keyring, which would be asked for, and would ask its user.
        func configure(_ home: ScratchFolder) throws {
            guard self == .nheko else { return }
            try home.write("[General]\nrun_without_secure_secrets_service=true\n", to: ".config/nheko/nheko.conf")
        }
    }

    @Test(.needsDesktopClients, arguments: [Client.nheko, .quaternion])
    func `a desktop client signs in by SSO, and shows the account in its window`(client: Client) async throws {
        let scene = try await SSOScene()
        let (homeserver, user, prompt, agent) = (scene.homeserver, scene.user, scene.prompt, scene.agent)
        let home = try ScratchFolder()
        try client.configure(home)
        let picture = try Desktop.picture(of: client.rawValue)
        let atDesktop = try Desktop.command(
            client.steps(to: homeserver.address, as: user.id),
            in: client.rawValue,
            folder: home,
            picture: picture
        )
        let ended = try await run(
            "jeton",
            ["exec", "--browser", "--socket", agent.socket, "--"] + atDesktop,
            environment: ["HOME": home.path, "XDG_RUNTIME_DIR": home.path, "LC_ALL": "C.UTF-8"]
        )
        let said = "\(ended.errors.suffix(4000))\(agent.logText.suffix(4000))"
        #expect(ended.status == 0, "\(picture) shows the screen. \(said)")

        // The user was asked who waits for the token, and has seen no browser.
        #expect(prompt.questions == 1)
        #expect(prompt.description.contains("That calls itself: “\(client.rawValue)”"), "\(prompt.description)")
        let devices = try await agent.call(ListDevices()).devices.filter { $0.deviceId != scene.own.deviceId }
        #expect(devices.count == 1)
        try await eventually("it is known who has used the token") {
            try await agent.call(ListLoginTokens()).tokens.first?.redeemedBy?.deviceId == devices.first?.deviceId
        }
        try await agent.stop()
    }
}
