internal import FoundationEssentials
internal import JetonAPI

/// An answer that is not 200, read for what it says.
struct ErrorAnswer: Decodable {
    struct Flow: Decodable { var stages: [String] }

    var errcode: String?
    var error: String?
    var retryAfterMs: Int?
    var softLogout: Bool?
    var adminContact: String?
    var consentUri: String?
    // User-interactive authentication answers 401 with these, and with an errcode only if the last try was refused.
    var session: Secret?
    var flows: [Flow]?
    var params: JSONValue?
    var completed: [String]?

    /// Longer ones are no sentence for anybody, and pass through to logs and terminals.
    private static let longestText = 2000

    /// What to wait after a 429 that says nothing.
    static let defaultRetry = Duration.seconds(60)

    static func error(in answer: HTTPTransport.Answer) -> MatrixError {
        guard let body = MatrixClient.decode(ErrorAnswer.self, from: answer.body) else {
            // A proxy on the way says it in HTML, and means it all the same.
            if answer.status == 429 { return ErrorAnswer().limit(in: answer) }
            return .notMatrix(status: answer.status, detail: describe(answer))
        }
        if answer.status == 401, let flows = body.flows {
            return .authenticationRequired(
                UIAChallenge(
                    session: body.session,
                    flows: flows.map(\.stages),
                    params: body.params ?? [:],
                    completed: body.completed ?? [],
                    errcode: body.errcode,
                    error: body.error
                )
            )
        }
        if answer.status == 429 { return body.limit(in: answer) }
        return .refused(
            .init(
                status: answer.status,
                errcode: body.errcode,
                error: body.error,
                softLogout: body.softLogout ?? false,
                adminContact: body.adminContact,
                consentUri: body.consentUri
            )
        )
    }

    init() {}

    /// A member of the wrong type counts as absent: what else the answer says is still true.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func member<Value: Decodable>(_ key: CodingKeys) -> Value? { try? container.decode(Value.self, forKey: key) }
        func text(_ key: CodingKeys) -> String? { member(key).map { String(($0 as String).prefix(Self.longestText)) } }
        errcode = text(.errcode)
        error = text(.error)
        retryAfterMs = member(.retryAfterMs)
        softLogout = member(.softLogout)
        adminContact = text(.adminContact)
        consentUri = text(.consentUri)
        session = member(.session)
        flows = member(.flows)
        params = member(.params)
        completed = member(.completed)
    }

    private enum CodingKeys: String, CodingKey {
        case errcode, error, retryAfterMs, softLogout, adminContact, consentUri, session, flows, params, completed
    }

    private func limit(in answer: HTTPTransport.Answer) -> MatrixError {
        let wait = retry(after: answer.header("retry-after"))
        return .refused(.init(status: 429, errcode: errcode, error: error, retryAfter: wait))
    }

    /// The header counts first: it is what proxies on the way understand too (v1.10, "Rate limiting").
    private func retry(after header: String?) -> Duration {
        if let header {
            if let seconds = Int(header), seconds >= 0 { return .seconds(min(seconds, 7 * 24 * 3600)) }
            if let date = HTTPDate.parse(header) {
                return .milliseconds(Int64(max(0, min(date.timeIntervalSinceNow, 7 * 24 * 3600)) * 1000))
            }
        }
        return retryAfterMs.map { .milliseconds(max(0, min($0, 7 * 24 * 3600 * 1000))) } ?? Self.defaultRetry
    }

    private static func describe(_ answer: HTTPTransport.Answer) -> String {
        if (300..<400).contains(answer.status), let location = answer.header("location") {
            return "status \(answer.status), which leads to \"\(location.prefix(128))\"; that is not followed"
        }
        let type = answer.header("content-type")?.prefix { $0 != ";" }
        return "status \(answer.status) with \(type.map { "content of type \($0)" } ?? "no content type"), not JSON"
    }
}
