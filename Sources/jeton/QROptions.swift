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
        guard (try? encoder.code(for: content(.longest))) != nil else {
            throw Failure(
                .usage,
                "no QR code holds a link to an address as long as that of --cinny; nothing was minted"
            )
        }
        if qr, let columns = Output.columns, let code = try? encoder.code(for: content(.shortest)),
            columns < code.fullWidth
        {
            throw Failure(
                .failed,
                "the QR code takes \(code.fullWidth) columns at least and the terminal has \(columns): make it wider, or "
                    + "its letters smaller; nothing was minted"
            )
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

/// What a login token may come with, before there is one.
extension GenerateLoginToken.Result {
    /// Longer than any that is known, and names as long as they may be (Matrix's appendices, "User identifiers").
    fileprivate static var longest: Self {
        sized(token: 512, server: 250, homeserver: "https://" + String(repeating: "h", count: 253))
    }

    fileprivate static var shortest: Self { sized(token: 8, server: 1, homeserver: "https://h") }

    private static func sized(token: Int, server: Int, homeserver: String) -> Self {
        Self(
            loginToken: Secret(String(repeating: "t", count: token)),
            expiresInMs: 0,
            expiresAt: .now,
            tokenId: "",
            userId: "@u:" + String(repeating: "s", count: server),
            homeserver: homeserver
        )
    }
}
