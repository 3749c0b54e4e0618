internal import ArgumentParser
internal import FoundationEssentials
internal import JetonAPI
internal import QRCode

/// A login token as a QR code, for the camera of a phone.
struct QROptions: ParsableArguments {
    @Flag(help: "Show a QR code instead of the login token: a link that signs Cinny in, for a phone's camera.")
    var qr = false

    @Option(help: "Write the QR code into a new file instead, a PNG that only you can read.")
    var png: String?

    @Flag(help: "Let the QR code hold homeserver, user id and login token as text, not a link.")
    var qrText = false

    @Option(help: "The Cinny that the link opens.")
    var cinny = "https://app.cinny.in"

    /// Whether the token is shown as a code, and not as itself.
    var isWanted: Bool { qr || png != nil }

    func validate() throws {
        guard isWanted || !qrText else { throw ValidationError("--qr-text goes with --qr or --png.") }
        guard let host = URL(string: cinny)?.host(), !host.isEmpty, cinny.hasPrefix("https://"), !cinny.contains("?"),
            !cinny.contains("#")
        else {
            throw ValidationError("--cinny takes an address without query, as in https://app.cinny.in.")
        }
    }

    /// What must be there before anything is minted: a token that nobody sees would be lost.
    func prepare() throws -> QRCanvas {
        let encoder: QREncoder
        do {
            encoder = try QREncoder()
        } catch {
            throw Failure(.failed, error.description)
        }
        return try QRCanvas(options: self, encoder: encoder)
    }

    /// What the code holds.
    func content(_ token: GenerateLoginToken.Result) -> String {
        guard !qrText else {
            return """
                Matrix login token (m.login.token), for one sign-in until \(token.expiresAt)
                Homeserver: \(token.homeserver)
                User: \(token.userId)
                Login token: \(token.loginToken.reveal())
                """
        }
        let server = token.userId.split(separator: ":", maxSplits: 1).last.map(String.init) ?? ""
        let base = cinny.hasSuffix("/") ? String(cinny.dropLast()) : cinny
        let secret = WebAddress.percentEncoded(token.loginToken.reveal())
        return "\(base)/login/\(WebAddress.percentEncoded(server))/?loginToken=\(secret)"
    }

    /// What its reader has to know; nil for text, which needs nobody else.
    var warning: String? {
        guard !qrText else { return nil }
        return "It holds a link to \(cinny), so whoever runs that could use the login token: --qr-text has none."
    }
}
