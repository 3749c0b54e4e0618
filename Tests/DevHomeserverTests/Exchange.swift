import Foundation

@testable import DevHomeserver

/// One request to Synapse and its answer, as recorded.
struct Exchange: Decodable {
    struct Request: Decodable {
        var method: String
        var url: String
        var authorization: String?
        var body: JSON?
    }

    struct Response: Decodable {
        var status: Int
        var headers: [String: String]
        var body: JSON
    }

    var request: Request
    var response: Response
}

extension Exchange {
    /// A group's exchanges in order, with their numbers.
    static func all(of group: String) throws -> [(number: Int, name: String, exchange: Exchange)] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = tests.appending(path: "Transcripts/\(group)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return try names.compactMap { name in
            guard let number = Int(name.prefix(2)) else { return nil }
            let data = try Data(contentsOf: folder.appending(path: name))
            return (number, name, try JSONDecoder().decode(Exchange.self, from: data))
        }
    }

    /// The path and query that were asked for.
    var path: String {
        let afterScheme = request.url.drop { $0 != ":" }.dropFirst(3)
        return String(afterScheme.drop { $0 != "/" })
    }

    /// The body as it went over the wire; what is no JSON was recorded as `{"raw": …}`.
    var rawBody: JSON? {
        request.body == .null ? nil : request.body
    }

    /// The account and password with which somebody logged in here.
    var credentials: (user: String, password: String)? {
        guard response.status == 200, path.hasSuffix("/v3/login"), let body = request.body?.object,
            let user = body["identifier"]?.object?["user"]?.string, let password = body["password"]?.string
        else { return nil }
        return (user, password)
    }
}
