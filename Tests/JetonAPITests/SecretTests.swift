import FoundationEssentials
import JetonAPI
import Testing

struct SecretTests {
    private static let text = "correct horse battery staple"
    private let secret = Secret(SecretTests.text)

    /// A value that holds secrets in all the ways in which ours do.
    private struct Holder: Codable {
        var one: Secret
        var maybe: Secret?
        var list: [Secret]
        var named: [String: Secret]
    }

    private var holder: Holder { Holder(one: secret, maybe: secret, list: [secret], named: ["a": secret]) }

    @Test func `promise 9: prints, dumps and mirrors as redacted, alone and inside others`() {
        var dumped = ""
        dump(secret, to: &dumped)
        dump(holder, to: &dumped)
        dump(LogIn(userId: "@a:b", password: secret), to: &dumped)
        let texts = [
            "\(secret)", "\(holder)", String(describing: secret), String(reflecting: secret),
            String(reflecting: holder),
            "\(Mirror(reflecting: secret).children.map { $0 })", dumped, secret.description, secret.debugDescription,
            "\(MatrixLike.failed(secret))", "\([secret: secret])", String(describing: Optional(secret)),
        ]
        for text in texts { #expect(!text.contains("horse"), "\(text)") }
        #expect("\(secret)" == "<redacted>")
        #expect(String(reflecting: secret) == "<redacted>")
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test func `an authentication dictionary keeps what the user has given as they are kept`() throws {
        let members: [String: JSONValue] = [
            "type": "m.login.password", "challenge": "c-1", "password": .string(Self.text),
            "fooBar": [1, ["a_b": nil]],
        ]
        let auth = AuthDictionary(members)
        #expect(auth.members == members)
        #expect(auth.count == 4)
        #expect(auth["type"] == "m.login.password" && auth["password"] == .string(Self.text) && auth["none"] == nil)
        var dumped = ""
        dump(GenerateLoginToken(auth: members), to: &dumped)
        for text in ["\(auth)", "\(GenerateLoginToken(auth: members))", String(reflecting: auth), dumped] {
            #expect(!text.contains("horse"), "\(text)")
        }
        let redacted = String(decoding: try JSONCoding.encoder().encode(auth), as: UTF8.self)
        #expect(!redacted.contains("horse") && redacted.contains("m.login.password"))
        let revealed = try JSONCoding.encoder(secrets: .revealed).encode(auth)
        #expect(try JSONCoding.decoder().decode(AuthDictionary.self, from: revealed) == auth)
        var other = auth
        other["password"] = nil
        #expect(other.members.keys.sorted() == ["challenge", "fooBar", "type"])
    }

    private enum MatrixLike { case failed(Secret) }

    @Test func `promise 9: is encoded only by an encoder that was told to reveal`() throws {
        for encoder in [JSONEncoder(), JSONCoding.encoder(), JSONCoding.encoder(secrets: .redacted)] {
            let text = String(decoding: try encoder.encode(holder), as: UTF8.self)
            #expect(!text.contains("horse"), "\(text)")
            #expect(text.contains("<redacted>"))
        }
        let revealed = try JSONCoding.encoder(secrets: .revealed).encode(holder)
        let again = try JSONCoding.decoder().decode(Holder.self, from: revealed)
        #expect([again.one, again.maybe, again.list.first, again.named["a"]] == [secret, secret, secret, secret])
    }

    @Test func `is itself only when asked`() {
        #expect(secret.reveal() == Self.text)
        #expect(secret == Secret(Self.text))
        #expect(secret != Secret("<redacted>"))
        #expect(Secret("syt_a").isPrintable)
        for none in ["", "a b", "a\r\nb", "é"] { #expect(!Secret(none).isPrintable) }
    }
}
