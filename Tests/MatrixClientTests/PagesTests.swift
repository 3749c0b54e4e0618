import JetonAPI
import MatrixClient
import Testing

struct PagesTests {
    private let homeserver: HomeserverAddress

    init() throws { homeserver = try HomeserverAddress("https://matrix.example.org/prefix/") }

    @Test func `SSO begins at an address that keeps the redirect whole`() {
        let page = homeserver.ssoPage(redirectUrl: "http://localhost:34567/cb?state=a b&x=ü#frag%20")
        #expect(
            page == "https://matrix.example.org/prefix/_matrix/client/v3/login/sso/redirect"
                + "?redirectUrl=http%3A%2F%2Flocalhost%3A34567%2Fcb%3Fstate%3Da%20b%26x%3D%C3%BC%23frag%2520"
        )
    }

    @Test func `an identity provider cannot lead elsewhere`() {
        let page = homeserver.ssoPage(redirectUrl: "http://[::1]/", identityProvider: "../x?y#\u{7}~-._")
        #expect(
            page == "https://matrix.example.org/prefix/_matrix/client/v3/login/sso/redirect/..%2Fx%3Fy%23%07~-._"
                + "?redirectUrl=http%3A%2F%2F%5B%3A%3A1%5D%2F"
        )
    }

    @Test func `a fallback page is named for any stage, and is a secret`() throws {
        let challenge = UIAChallenge(session: Secret("canary-session&x=1"), flows: [["org.example.a/b"]])
        let page = try #require(challenge.fallbackPage(of: "org.example.a/b", at: homeserver))
        #expect(
            page.reveal() == "https://matrix.example.org/prefix/_matrix/client/v3/auth/org.example.a%2Fb/fallback/web"
                + "?session=canary-session%26x%3D1"
        )
        #expect(!"\(page) \(challenge)".contains("canary"))
    }

    @Test func `without a session there is no fallback page`() {
        #expect(UIAChallenge(session: nil, flows: [["a"]]).fallbackPage(of: "a", at: homeserver) == nil)
    }
}
