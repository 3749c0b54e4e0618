import FoundationEssentials
import JetonAPI
import MatrixClient
import Testing

@testable import Agent

struct SessionRecordTests {
    private static let userIds = [
        "@alice:example.org", "@alice:example.org:8448", "@ALICE:example.org", "@a/b:x", "@a%2Fb:x",
        "@../../etc/passwd:x",
        "@a\0b:x", "@a b:x", "@a\nb:x", "@\u{E9}:x", "@e\u{301}:x", "@🙂:x", "", ".", "..", "@", "~", "@a~b:x",
        "@" + String(repeating: "a", count: 252) + ":x", "@" + String(repeating: "a", count: 251) + "b:x",
        "@" + String(repeating: "ä", count: 126) + ":x", "@" + String(repeating: "/", count: 250) + ":x",
        "@" + String(repeating: "/", count: 249) + "=:x",
    ]

    @Test(arguments: userIds)
    func `any user id makes a file name`(_ userId: String) {
        let name = SessionRecord.fileName(of: userId)
        // The file is written beside itself first, as ".NAME.new".
        #expect((1...250).contains(name.utf8.count))
        #expect(name.hasSuffix(SessionRecord.fileSuffix))
        #expect(name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
    }

    @Test func `no two user ids make the same`() {
        #expect(Set(Self.userIds.map { SessionRecord.fileName(of: $0) }).count == Self.userIds.count)
    }

    @Test func `an ordinary user id stays readable`() {
        #expect(SessionRecord.fileName(of: "@alice:example.org") == "@alice:example.org.account.json")
    }

    @Test func `is read as it was written`() throws {
        var record = SessionRecord(
            userId: "@a:b",
            deviceId: "D",
            homeserver: try HomeserverAddress("https://b"),
            accessToken: Secret("syt")
        )
        record.refreshToken = Secret("syr")
        record.accessTokenExpiresAt = TestClock.noon
        record.accessTokenLifeMs = 300_000
        record.trouble = Trouble(reason: .userLocked, errcode: "M_USER_LOCKED", words: "locked", at: TestClock.noon)
        record.asking = .required
        record.support = .oauthServer
        let data = try JSONCoding.encoder(secrets: .revealed).encode(record)
        #expect(try JSONCoding.decoder().decode(SessionRecord.self, from: data) == record)
        #expect(!String(decoding: try JSONCoding.encoder().encode(record), as: UTF8.self).contains("syt"))
    }

    @Test(arguments: [("softly", Account.State.signedOutSoftly), ("forGood", .signedOut)])
    func `what the first release wrote is read: an end without a cause`(ending: String, state: Account.State) throws {
        let text = """
            {"user_id":"@a:b","device_id":"D","homeserver":"https://b","access_token":"canary-a","asking":"required",
            "ending":"\(ending)"}
            """
        let record = try JSONCoding.decoder().decode(SessionRecord.self, from: Data(text.utf8))
        #expect(record.ending?.state == state)
        #expect(record.accessTokenLifeMs == nil && record.asking == .required)
    }
}
