import FoundationEssentials

/// The parts of an HTTP request that a homeserver looks at.
struct Request: Sendable {
    /// In memory at once, per request; real requests to this server are below 1 KiB.
    static let longestBody = 64 * 1024

    var method: String
    /// Percent-encoded, without the query.
    var path: String
    var authorization: String?
    /// Decoded; of a parameter that comes twice, the first.
    var query: [String: String] = [:]
    var peer: String
    /// Nil: it was longer than `longestBody`.
    var body: Data?
}

extension Request {
    /// The access token: nil where the request carries none.
    func accessToken() throws(Answer) -> String? {
        guard let authorization else { return query["access_token"] }
        let parts = authorization.split(separator: " ")
        guard parts.count == 2, parts[0] == "Bearer" else {
            throw .refused(401, "M_MISSING_TOKEN", "Invalid Authorization header.")
        }
        return String(parts[1])
    }

    /// The body's members.
    func members() throws(Answer) -> [String: JSON] {
        guard let body else { throw .tooLarge }
        guard let value = try? JSONDecoder().decode(JSON.self, from: body) else {
            throw .refused(400, "M_NOT_JSON", "Content not JSON.")
        }
        guard let members = value.object else {
            throw .refused(400, "M_BAD_JSON", "Content must be a JSON object.")
        }
        return members
    }
}
