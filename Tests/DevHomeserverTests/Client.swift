import Foundation
import Testing

@testable import DevHomeserver

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Talks to the server as any client would, over HTTP.
struct Client {
    struct Reply {
        var status: Int
        var contentType: String?
        var retryAfter: String?
        var location: String?
        var body: JSON

        subscript(member: String) -> JSON? { body.object?[member] }
        var errcode: String? { self["errcode"]?.string }
        var session: String { self["session"]?.string ?? "" }
    }

    let base: String
    // One of its own for each client: a shared one reuses connections that another test's server has closed.
    private let http = URLSession(configuration: .ephemeral, delegate: StaysHere(), delegateQueue: nil)

    init(_ base: String) { self.base = base }

    func send(_ method: String, _ path: String, token: String? = nil, _ body: JSON) async throws -> Reply {
        try await send(method, path, token: token, raw: JSONEncoder().encode(body))
    }

    func send(_ method: String, _ path: String, token: String? = nil, raw: Data? = nil) async throws -> Reply {
        var request = URLRequest(url: try #require(URL(string: base + path)))
        request.httpMethod = method
        request.httpBody = raw
        request.setValue(token.map { "Bearer \($0)" }, forHTTPHeaderField: "Authorization")
        let (data, response) = try await http.data(for: request)
        let head = try #require(response as? HTTPURLResponse)
        return Reply(
            status: head.statusCode,
            contentType: head.value(forHTTPHeaderField: "Content-Type"),
            retryAfter: head.value(forHTTPHeaderField: "Retry-After"),
            location: head.value(forHTTPHeaderField: "Location"),
            body: (try? JSONDecoder().decode(JSON.self, from: data)) ?? .string(String(decoding: data, as: UTF8.self))
        )
    }
}

/// Follows no redirect: where it leads is what tests look at.
private final class StaysHere: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _: URLSession,
        task _: URLSessionTask,
        willPerformHTTPRedirection _: HTTPURLResponse,
        newRequest _: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}

extension Client {
    static let minting = "/_matrix/client/v1/login/get_token"

    func get(_ path: String, token: String? = nil) async throws -> Reply {
        try await send("GET", "/_matrix/client/v3/\(path)", token: token)
    }

    func post(_ path: String, token: String? = nil, _ body: JSON = [:]) async throws -> Reply {
        try await send("POST", "/_matrix/client/v3/\(path)", token: token, body)
    }

    func mint(_ token: String, _ body: JSON = [:]) async throws -> Reply {
        try await send("POST", Self.minting, token: token, body)
    }

    func redeem(_ loginToken: JSON?) async throws -> Reply {
        try await post("login", ["type": "m.login.token", "token": loginToken ?? .null])
    }

    /// The `auth` object with alice's password, right or wrong.
    static func auth(_ password: String = "secret", session: String? = nil) -> JSON {
        var auth: [String: JSON] = [
            "type": "m.login.password", "identifier": ["type": "m.id.user", "user": "alice"],
            "password": .string(password),
        ]
        auth["session"] = session.map(JSON.string)
        return ["auth": .object(auth)]
    }

    /// Alice's new session.
    func logIn() async throws -> (access: String, refresh: String) {
        let reply = try await post(
            "login",
            [
                "type": "m.login.password", "identifier": ["type": "m.id.user", "user": "@alice:localhost"],
                "password": "secret", "refresh_token": true,
            ]
        )
        return (try #require(reply["access_token"]?.string), try #require(reply["refresh_token"]?.string))
    }
}
