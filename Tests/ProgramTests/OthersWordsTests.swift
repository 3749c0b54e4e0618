import Foundation
import JetonAPI
import TestSupport
import Testing

/// What others chose, as `jeton` prints it for people: it passes for no column, no field and no line.
@Suite struct OthersWordsTests {
    /// Looks like the end of a name and the columns after it; as a line of JSON it's told by the letter.
    private static let forged = "phone    redeemed  \naccount=@mallory:evil  “ours”"
    private static let shown = "“phone redeemed \u{FFFD}account=@mallory:evil \"ours\"”"

    @Test func `a purpose and a device's name stand in quotes in each list, and as they are in JSON`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let log = try agent.folder.write("", to: "events")
        let before = try await agent.call(GetMetrics()).requestsAnswered
        let events = try await RunningProgram(
            "jeton",
            ["events", "--types", "login_token.issued", "login_token.redeemed"],
            environment: ["JETON_SOCKET": agent.socket],
            log: log
        )
        // One subscription is answered, and each look that was before.
        var looks = 0
        try await eventually("it has subscribed") {
            looks += 1
            return try await agent.call(GetMetrics()).requestsAnswered - before == looks + 1
        }
        let minted = try await agent.mint(for: user, purpose: Self.forged)
        try await agent.expectLook(at: user, homeserver)
        _ = try await OtherClient(homeserver.address).logIn(token: minted.loginToken.reveal(), deviceName: Self.forged)
        try await eventually("the redemption is shown") {
            try String(contentsOfFile: log, encoding: .utf8).contains("login_token.redeemed")
        }
        let told = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        #expect(told.count == 2)
        #expect(told.first?.contains("  purpose=\(Self.shown)  requester=“") == true, "\(told)")
        #expect(told.last?.contains("display_name=\(Self.shown)") == true, "\(told)")

        let tokens = try await agent.jeton("tokens").output.split(separator: "\n")
        #expect(tokens.count == 2)
        #expect(tokens.last?.contains("  \(Self.shown)  “") == true, "\(tokens)")
        #expect(tokens.last?.contains(" (\(Self.shown), ") == true, "\(tokens)")
        let devices = try await agent.jeton("devices").output.split(separator: "\n")
        #expect(devices.last?.hasSuffix("  \(Self.shown)") == true, "\(devices)")

        let json = try await agent.jeton("tokens", "--json").output
        let listed = try JSONCoding.decoder().decode(ListLoginTokens.Result.self, from: Data(json.utf8)).tokens.first
        #expect(listed?.purpose == Self.forged && listed?.redeemedBy?.displayName == Self.forged)
        try await agent.stop()
        #expect(try await events.ended() == 2)
    }

    @Test func `a device id that is no word stands in quotes`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        _ = try await OtherClient(homeserver.address).logIn(user, deviceId: "PHONE  New phone")
        let own = try await agent.call(GetAccountStatus()).account.deviceId
        let devices = try await agent.jeton("devices").output.split(separator: "\n")
        #expect(devices.contains { $0.hasPrefix("\(own)  ") }, "\(devices)")
        #expect(devices.contains { $0.hasPrefix("“PHONE New phone”") }, "\(devices)")
        try await agent.stop()
    }

    @Test func `what went wrong is told on one line`() async throws {
        let agent = try StandInAgent { _ in
            let data = #"{"kind":"homeserver_error","http_status":400}"#
            let error = #"{"code":-32006,"message":"no: a\nLocked.\u2028\r\u001b[A","data":\#(data)}"#
            return [#"{"jsonrpc":"2.0","id":1,"error":\#(error)}"# + "\n"]
        }
        let ended = try await run("jeton", ["lock", "--socket", agent.path])
        #expect(ended.status == 1)
        #expect(ended.errors == "jeton: no: a\u{FFFD}Locked.\u{FFFD}\u{FFFD}\u{FFFD}[A\n")
    }

    @Test func `who is to be signed in is named in quotes`() {
        let listener = Destination(address: "localhost", port: 38080, pid: 99, command: "chat (1), root's  ")
        #expect(listener.words == "“chat (1), root's ” (99), which waits at localhost port 38080")
        let application = Destination(address: "im.fluffychat.auth:", application: "Chat, which  waits")
        #expect(application.words == "“Chat, which waits”, which the desktop opens for im.fluffychat.auth:…")
    }

    @Test func `who asked is named in quotes`() {
        var requester = Requester(pid: 99, uid: 1000, command: "a (1) ← init")
        #expect(requester.words == "“a (1) ← init” (99)")
        requester.parents = [.init(pid: 98, command: "bash"), .init(pid: 97, command: "kitty")]
        #expect(requester.words == "“a (1) ← init” (99) ← “bash ← kitty”")
    }
}
