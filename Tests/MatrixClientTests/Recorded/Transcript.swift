import Foundation
import JetonAPI
import NIOHTTP1

/// One request to Synapse and its answer, as recorded.
struct Transcript: Decodable, Sendable {
    struct Request: Decodable {
        var method: String
        var url: String
        var authorization: String?
        /// `{"raw": …}` where it is no JSON.
        var body: JSONValue?
    }

    struct Response: Decodable {
        var status: Int
        var headers: [String: String]
        /// A text where it is no JSON.
        var body: JSONValue
    }

    var request: Request
    /// Missing where there was none.
    var response: Response?
}

extension Transcript {
    /// All there are, by group and file, as in `a-basic/07-whoami`.
    static let all = Result {
        let folder = URL(filePath: #filePath).appending(path: "../../../Transcripts").standardized
        let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return try Dictionary(
            uniqueKeysWithValues: files.filter { $0.hasSuffix(".json") }.map { file in
                let data = try Data(contentsOf: folder.appending(path: file))
                return (String(file.dropLast(5)), try JSONDecoder().decode(Transcript.self, from: data))
            }
        )
    }

    /// What was asked for behind the host.
    var path: String { String(request.url.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" }) }

    /// The body, where it is an object.
    var members: [String: JSONValue]? {
        guard case .object(let members) = request.body, members["raw"] == nil else { return nil }
        return members
    }

    var accessToken: Secret? { request.authorization.map { Secret(String($0.dropFirst("Bearer ".count))) } }

    /// The answer as it came: status, headers and body.
    func answer() throws -> LocalServer.Answer {
        guard let response else { return LocalServer.Answer() }
        let body =
            if let text = response.body.stringValue { text } else {
                String(decoding: try JSONEncoder().encode(response.body), as: UTF8.self)
            }
        return LocalServer.Answer(
            status: HTTPResponseStatus(statusCode: response.status),
            headers: HTTPHeaders(response.headers.map { ($0, $1) }),
            body: body
        )
    }
}
