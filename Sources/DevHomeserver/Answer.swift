import FoundationEssentials

/// What goes back to the client; thrown where it ends an endpoint early.
struct Answer: Error, Equatable {
    var status: Int
    var contentType = "application/json"
    var headers = ["Cache-Control": "no-cache, no-store, must-revalidate"]
    var body: String

    init(status: Int, contentType: String, headers: [String: String], body: String) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    init(_ status: Int, _ members: [String: JSON]) {
        self.status = status
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Only a number that is not finite fails to encode, and no answer holds one.
        self.body = (try? encoder.encode(members)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

extension Answer {
    static func ok(_ members: [String: JSON] = [:]) -> Answer { Answer(200, members) }

    /// Matrix's standard error response.
    static func refused(_ status: Int, _ errcode: String, _ error: String) -> Answer {
        Answer(status, ["errcode": .string(errcode), "error": .string(error)])
    }

    static func unknownToken(_ error: String, softLogout: Bool) -> Answer {
        Answer(401, ["errcode": "M_UNKNOWN_TOKEN", "error": .string(error), "soft_logout": .bool(softLogout)])
    }

    static let locked = Answer(
        401,
        ["errcode": "M_USER_LOCKED", "error": "User account has been locked", "soft_logout": true]
    )

    static func found(_ location: String) -> Answer {
        Answer(status: 302, contentType: "text/html", headers: ["Location": location], body: "")
    }

    /// `content` is HTML.
    static func page(_ title: String, _ content: String) -> Answer {
        let head = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"UTF-8\"><title>\(title)</title></head>"
        return Answer(
            status: 200,
            contentType: "text/html; charset=utf-8",
            headers: [:],
            body: "\(head)\n<body><h1>\(title)</h1><p>\(content)</p></body></html>\n"
        )
    }

    static func unrecognized(_ status: Int) -> Answer {
        .refused(status, "M_UNRECOGNIZED", "Unrecognized request")
    }

    static let tooLarge = Answer.refused(413, "M_TOO_LARGE", "The body is larger than 64 KiB")

    static func limited(for wait: Duration) -> Answer {
        let milliseconds = max(wait.milliseconds, 1)
        var answer = Answer(
            429,
            [
                "errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests",
                "retry_after_ms": .int(milliseconds),
            ]
        )
        answer.headers["Retry-After"] = String((milliseconds + 999) / 1000)
        return answer
    }

    /// What Twisted, the web server below Synapse, says outside of `/_matrix`.
    static let noSuchResource = Answer(
        status: 404,
        contentType: "text/html; charset=utf-8",
        headers: [:],
        body: """

            <html>
              <head><title>404 - No Such Resource</title></head>
              <body>
                <h1>No Such Resource</h1>
                <p>Sorry. No luck finding that resource.</p>
              </body>
            </html>

            """
    )
}

extension Duration {
    /// Whole milliseconds, rounded down, as Matrix counts time.
    var milliseconds: Int {
        Int(components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
