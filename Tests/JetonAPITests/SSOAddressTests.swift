import Testing

@testable import JetonAPI

struct SSOAddressTests {
    private static let page = "https://matrix.example.org/_matrix/client/v3/login/sso/redirect"

    @Test(arguments: [
        "/_matrix/client/r0/login/sso/redirect", "/_matrix/client/v3/login/sso/redirect/",
        "/_matrix/client/v3/login/sso/redirect/oidc-github", "/_matrix/client/v3/login/cas/redirect",
    ])
    func `the paths of all clients are known`(path: String) throws {
        let address = try SSOAddress("https://Matrix.Example.org:443\(path)?x=1&redirectUrl=http://localhost:38080/")
        #expect(address.homeserver == "https://matrix.example.org")
        guard case .loopback(let redirect) = address.redirect else { throw WebAddress.Problem("\(address.redirect)") }
        #expect((redirect.host, redirect.port, redirect.description) == (.localhost, 38080, "http://localhost:38080"))
    }

    @Test(arguments: [
        "/_matrix/client/v3/login/sso", "/_matrix/client/v3/login/sso/redirect/a/b",
        "/_matrix/client/../login/sso/redirect",
        "/_matrix/client/v3/login/sso/redirect/..", "/_matrix//v3/login/sso/redirect",
        "/%5Fmatrix/client/v3/login/sso/redirect",
        "/_matrix/client/v3/login/password/redirect", "",
    ])
    func `another path is none to sign in at`(path: String) {
        #expect(throws: WebAddress.Problem.self) {
            try SSOAddress("https://matrix.example.org\(path)?redirectUrl=http://localhost:1/")
        }
    }

    @Test func `what stands before the path belongs to the homeserver`() throws {
        let address = try SSOAddress("https://a.example/matrix/_matrix/client/v3/login/sso/redirect?redirectUrl=x:y")
        #expect(address.homeserver == "https://a.example/matrix")
        guard case .program(let redirect) = address.redirect else { throw WebAddress.Problem("\(address.redirect)") }
        #expect(redirect.scheme == "x")
    }

    @Test(arguments: [
        ("http://localhost:1", "/?loginToken=a%2Bb"), ("http://127.0.0.1:1/x", "/x?loginToken=a%2Bb"),
        ("http://[::1]:1/x?", "/x?loginToken=a%2Bb"), ("http://localhost:1/?y=%20", "/?y=%20&loginToken=a%2Bb"),
        ("http://LOCALHOST:1/?y=1&#z", "/?y=1&loginToken=a%2Bb"),
    ])
    func `the login token comes last, and all else stays`(redirect: String, target: String) throws {
        let address = try SSOAddress("\(Self.page)?redirectUrl=\(WebAddress.percentEncoded(redirect))")
        guard case .loopback(let redirect) = address.redirect else { throw WebAddress.Problem("\(address.redirect)") }
        #expect(redirect.target(bringing: Secret("a+b")).reveal() == target)
    }

    @Test(arguments: [
        ("element://vector/webapp/?x=1#/login", "element://vector/webapp/?x=1&loginToken=a%2Bb#/login"),
        ("im.fluffychat.auth://login", "im.fluffychat.auth://login?loginToken=a%2Bb"),
        ("X:", "X:?loginToken=a%2Bb"), ("x:/?", "x:/?loginToken=a%2Bb"), ("x:#?y", "x:?loginToken=a%2Bb#?y"),
    ])
    func `in an address of a client's own the token stands in the query`(redirect: String, opened: String) throws {
        let address = try SSOAddress("\(Self.page)?redirectUrl=\(WebAddress.percentEncoded(redirect))")
        guard case .program(let redirect) = address.redirect else { throw WebAddress.Problem("\(address.redirect)") }
        #expect(redirect.address(bringing: Secret("a+b")).reveal() == opened)
    }

    @Test(arguments: [
        "javascript:alert(1)", "JavaScript://x", "data:text/html,x", "file:///etc/passwd", "mailto:mallory@example.org",
        "webcal://example.org/", "ssh://example.org", "x:?loginToken=y", "x:?a&login%54oken=y", "x:a b", "x:\"",
    ])
    func `what leads to no client, or brings a token along, is refused`(redirect: String) {
        #expect(throws: WebAddress.Problem.self) {
            try SSOAddress("\(Self.page)?redirectUrl=\(WebAddress.percentEncoded(redirect))")
        }
    }

    @Test func `an encoding that is none is refused`() {
        for value in ["%", "%4", "%zz", "%+1", "%FF"] {
            #expect(throws: WebAddress.Problem.self) { try SSOAddress("\(Self.page)?redirectUrl=\(value)") }
        }
    }
}
