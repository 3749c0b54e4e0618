/// All recordings: those that the client understands, and those that are none of its own.
extension Outcome {
    static let expected = basic.merging(refresh) { first, _ in first }.merging(others) { first, _ in first }

    /// Why these are not replayed.
    static let foreign: [String: String] = [
        "a-basic/62-frank-lock": "the administrator's API",
        "a-basic/66-frank-unlock": "the administrator's API",
        "a-basic/69-grace-suspend": "the administrator's API",
        "i-sso-cas/03-redirect-hop0": "the CAS server's page",
        "i-sso-cas/04-redirect-hop1": "a page between homeserver and CAS server",
        "i-sso-cas/08-redirect-idp-hop0": "the CAS server's page",
        "i-sso-cas/09-redirect-idp-hop1": "a page between homeserver and CAS server",
        "i-sso-cas/11-redirect-no-url": "a redirect to nowhere",
        "i-sso-cas/16-fallback-idp": "the CAS server's page",
        "i-sso-cas/17-fallback-callback": "a page between homeserver and CAS server",
        "i2-sso-confirm/02-redirect-with-confirm-hop0": "the CAS server's page",
        "i2-sso-confirm/03-redirect-with-confirm-hop1": "a page between homeserver and CAS server",
        "j-tls/04-without-ca": "no answer came: see CertificateTests",
        "j-tls/06-plain-http-to-tls": "no answer came: see CertificateTests",
    ]
}
