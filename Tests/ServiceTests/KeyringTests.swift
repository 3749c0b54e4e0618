import Foundation
import JetonAPI
import TestSupport
import Testing

/// The agent's key from a real GNOME Keyring, by the real units, under a real systemd.
@Suite(.needsUserManager, .needsKeyring, .timeLimit(.minutes(5))) struct KeyringTests {
    /// Installed, with the keyring's socket switched on.
    private static func ready() async throws -> (InstalledAgent, Keyring) {
        let agent = try await InstalledAgent.ready()
        let keyring = Keyring(user: agent.user)
        try await agent.user.systemctl("enable", "--now", "jeton-keyring.socket")
        return (agent, keyring)
    }

    private static func stateText(_ agent: InstalledAgent) async throws -> String {
        let files = "~/.config/jeton-state/*.json* ~/.local/state/jeton-state/*.json*"
        return try await agent.user.say("sh", "-c", "cat \(files) 2>/dev/null; true")
    }

    /// A start that must fail, and in time.
    private static func expectNoStart(_ agent: InstalledAgent, _ sentence: String) async throws {
        let clock = ContinuousClock()
        let began = clock.now
        let ended = try await agent.user.run(["systemctl", "--user", "restart", "jetond.service"])
        // Five seconds at most where nothing else runs, as here is not the case; systemd would end it after thirty.
        #expect(began.duration(to: clock.now) < .seconds(20))
        #expect(ended.status != 0)
        #expect(try await agent.property("ExecMainStatus") == "78")
        try await eventually("it says why") {
            try await agent.said(by: "jetond").contains { $0.contains(sentence) }
        }
        try await agent.user.systemctl("reset-failed")
    }

    @Test func `a key is made once, and found again by whoever starts later`() async throws {
        let (agent, keyring) = try await Self.ready()
        try await keyring.start()
        let homeserver = try await DevHomeserverUnderTest(.asking)
        let somebody = try await agent.signIn(at: homeserver)
        #expect(try await agent.call(GetAgentStatus()).protections.storage == .encrypted)
        #expect(Canary.secrets(in: try await Self.stateText(agent)).isEmpty)
        #expect(try await keyring.keys().count == 1)
        try await agent.user.systemctl("restart", "jetond.service")
        #expect(try await agent.call(ListAccounts()).accounts.map(\.userId) == [somebody.id])
        // As after the next log-in.
        try await agent.user.systemctl("stop", "jetond.service")
        try await keyring.stop()
        try await keyring.start()
        #expect(try await agent.call(ListAccounts()).accounts.map(\.userId) == [somebody.id])
        #expect(try await keyring.keys().count == 1)
        let doctor = try await agent.jeton("doctor")
        #expect(doctor.output.contains("sessions are encrypted on the disk"), "\(doctor.output)")
        #expect(doctor.output.contains("your keyring is asked for the agent's key"), "\(doctor.output)")
        try await agent.lookForSecretsInTheJournal()
    }

    @Test func `promise 15: what lay open before is encrypted once there is a key`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest(.asking)
        let somebody = try await agent.signIn(at: homeserver)
        #expect(!Canary.secrets(in: try await Self.stateText(agent)).isEmpty)
        let doctor = try await agent.jeton("doctor").output
        #expect(doctor.contains("systemctl --user enable --now jeton-keyring.socket"), "\(doctor)")
        try await Keyring(user: agent.user).start()
        try await agent.user.systemctl("enable", "--now", "jeton-keyring.socket")
        try await agent.user.systemctl("restart", "jetond.service")
        #expect(Canary.secrets(in: try await Self.stateText(agent)).isEmpty)
        #expect(try await agent.call(ListAccounts()).accounts.map(\.userId) == [somebody.id])
    }

    @Test func `promise 15: a locked keyring is told at once, and nothing is lost`() async throws {
        let (agent, keyring) = try await Self.ready()
        try await keyring.start()
        let homeserver = try await DevHomeserverUnderTest(.asking)
        let somebody = try await agent.signIn(at: homeserver)
        try await keyring.lock()
        let before = try await Self.stateText(agent)
        try await Self.expectNoStart(agent, "its key is missing: your keyring is locked; unlock it")
        #expect(try await Self.stateText(agent) == before)
        // Nobody has asked the user, who may not be there.
        #expect(try await keyring.isLocked())
        try await keyring.stop()
        try await keyring.start()
        #expect(try await agent.call(ListAccounts()).accounts.map(\.userId) == [somebody.id])
    }

    @Test func `promise 15: beside a keyring that is locked from the start nothing is begun in the open`() async throws
    {
        let (agent, keyring) = try await Self.ready()
        try await keyring.start()
        try await keyring.lock()
        try await Self.expectNoStart(agent, "is to be encrypted, and the key is missing: your keyring is locked")
        #expect(try await Self.stateText(agent).isEmpty)
    }

    @Test func `promise 15: without a keyring sessions lie open only where that is configured`() async throws {
        let (agent, keyring) = try await Self.ready()
        try await keyring.abolish()
        try await Self.expectNoStart(agent, "no keyring answers on your session bus")
        try await agent.user.write("{ storage: 'plain' }", to: agent.configuration)
        #expect(try await agent.call(GetAgentStatus()).protections.storage == .plain)
        #expect(try await agent.call(GetStoreStatus()).storeKey == .unavailable)
    }

    @Test func `a keyring that hangs is not waited for`() async throws {
        let (agent, keyring) = try await Self.ready()
        try await keyring.start()
        try await keyring.send("STOP")
        try await Self.expectNoStart(agent, "your keyring did not answer in time")
        try await keyring.send("CONT")
        #expect(try await agent.call(GetAgentStatus()).protections.storage == .encrypted)
    }

    @Test func `promise 15: a key that was removed is missed, and not made anew over encrypted state`() async throws {
        let (agent, keyring) = try await Self.ready()
        try await keyring.start()
        let homeserver = try await DevHomeserverUnderTest(.asking)
        _ = try await agent.signIn(at: homeserver)
        let before = try await Self.stateText(agent)
        try await keyring.removeKeys()
        try await Self.expectNoStart(agent, "is encrypted under another key")
        #expect(try await Self.stateText(agent) == before)
    }

    @Test func `promise 15: nobody but the agent is given the key`() async throws {
        let (agent, keyring) = try await Self.ready()
        try await keyring.start()
        let socket = "UNIX-CONNECT:\(agent.user.runtimeFolder)/jeton/keyring.sock"
        let answer = try await agent.user.run(["socat", "-u", socket, "-"])
        #expect(answer.output == "error:forbidden", "\(answer.output)\(answer.errors)")
        #expect(try await keyring.keys().isEmpty)
    }

    @Test func `a dead socket in the provider's place is found by the doctor`() async throws {
        let (agent, _) = try await Self.ready()
        try await agent.user.systemctl("disable", "--now", "jeton-keyring.socket")
        #expect(try await agent.jeton("status").status == 0, "switched off, it leaves no socket behind")
        try await agent.user.systemctl("stop", "jetond.service")
        let socket = "\(agent.user.runtimeFolder)/jeton/keyring.sock"
        let bind = "import socket; socket.socket(socket.AF_UNIX).bind('\(socket)')"
        try await agent.user.say("/usr/bin/python3", "-c", bind)
        let doctor = try await agent.jeton("doctor").output
        #expect(doctor.contains("Remove it: rm \(socket)"), "\(doctor)")
    }
}
