import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import MatrixClient

/// Discovery over TLS: the names of these tests lead to a server on loopback. One after the other, as a hundred TLS
/// handshakes at once are late on a busy machine.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DiscoveryTests {
    private static let file = "/.well-known/matrix/client"
    private static let versions = LocalServer.Answer(body: #"{"versions":["v1.15"]}"#)
    private static let notFound = LocalServer.Answer(status: .notFound, body: "no such page")

    /// One for all, as reading the system's certificates takes its time.
    private static let making = Task {
        let hosts = TestCertificate.names.filter { $0 != "localhost" } + ["stranger.example.org"]
        return try HTTPTransport(
            on: MultiThreadedEventLoopGroup.singleton,
            caFile: try await TestCertificate.shared.file,
            deadlines: .forBusyMachines,
            hosts: Dictionary(uniqueKeysWithValues: hosts.map { ($0, "127.0.0.1") })
        )
    }

    private static func pointing(to baseUrl: String) -> LocalServer.Answer {
        LocalServer.Answer(body: #"{"m.homeserver":{"base_url":"\#(baseUrl)"}}"#)
    }

    /// Looks `serverName` up at a server that knows `answers`, in which `PORT` stands for the server's.
    private func look(
        up serverName: String = "example.org",
        _ answers: [String: LocalServer.Answer]
    ) async throws -> (outcome: Result<String, Discovery.Problem>, requests: [String]) {
        let port = Mutex(0)
        let server = try await LocalServer(TestCertificate.shared) { request in
            var answer = answers[request.place] ?? Self.notFound
            let port = "\(port.withLock { $0 })"
            answer.body = answer.body.replacing("PORT", with: port)
            for (name, value) in answer.headers {
                answer.headers.replaceOrAdd(name: name, value: value.replacing("PORT", with: port))
            }
            return answer
        }
        port.withLock { $0 = server.port }
        let transport = try await Self.making.value
        let outcome: Result<HomeserverAddress, Discovery.Problem>
        do throws(Discovery.Problem) {
            outcome = .success(
                try await Discovery(transport: transport, port: server.port).homeserver(of: serverName)
            )
        } catch {
            outcome = .failure(error)
        }
        try await server.stop()
        return (outcome.map { $0.description.replacing(":\(server.port)", with: "") }, server.requests.map(\.place))
    }

    /// The message of a problem, and which outcome it is.
    private func told(_ outcome: Result<String, Discovery.Problem>) -> (outcome: String, detail: String) {
        switch outcome {
        case .success(let address): ("found", address)
        case .failure(.noServerName(let name)): ("no server name", name)
        case .failure(.unknown(let detail)): ("PROMPT", detail)
        case .failure(.unusable(let detail)): ("FAIL_PROMPT", detail)
        case .failure(.wrong(let detail)): ("FAIL_ERROR", detail)
        case .failure(.failed(let error, _)): ("failed", "\(error)")
        }
    }

    @Test(arguments: ["example.org", "example.org:8448", "localhost", "localhost:1"])
    func `the file leads to the homeserver, whatever port the server name has`(_ serverName: String) async throws {
        let host = String(serverName.prefix { $0 != ":" })
        let (outcome, requests) = try await look(
            up: serverName,
            [
                host + Self.file: Self.pointing(to: "https://matrix.example.org:PORT"),
                "matrix.example.org/_matrix/client/versions": Self.versions,
            ]
        )
        #expect(outcome == .success("https://matrix.example.org"))
        #expect(requests == [host + Self.file, "matrix.example.org/_matrix/client/versions"])
    }

    @Test(arguments: ["", "/", "///"])
    func `slashes at the end of base_url are stripped, and its path is kept`(_ end: String) async throws {
        let (outcome, requests) = try await look([
            "example.org" + Self.file: Self.pointing(to: "https://matrix.example.org:PORT/a/b\(end)"),
            "matrix.example.org/a/b/_matrix/client/versions": Self.versions,
        ])
        #expect(outcome == .success("https://matrix.example.org/a/b"))
        #expect(requests.last == "matrix.example.org/a/b/_matrix/client/versions")
    }

    @Test func `IGNORE: without a file, the server name is the homeserver's`() async throws {
        let (outcome, _) = try await look(["example.org/_matrix/client/versions": Self.versions])
        #expect(outcome == .success("https://example.org"))
    }

    @Test func `PROMPT: without a file and without a homeserver, the user has to know`() async throws {
        let (outcome, requests) = try await look([:])
        let (kind, detail) = told(outcome)
        #expect(kind == "PROMPT")
        #expect(detail.contains("names no homeserver in /.well-known/matrix/client and is none itself"))
        #expect(requests == ["example.org" + Self.file, "example.org/_matrix/client/versions"])
    }

    @Test(arguments: [
        (LocalServer.Answer(status: .internalServerError, body: "{}"), "answers with status 500"),
        (.init(status: .forbidden), "answers with status 403"), (.init(status: .noContent), "answers with status 204"),
        (.init(status: .tooManyRequests), "answers with status 429"),
        (.init(status: .multipleChoices), "answers with status 300"), (.init(body: ""), "is empty"),
        (.init(body: " \r\n\t"), "is empty"), (.init(body: "<html>"), "is not JSON"),
        (.init(body: #"{"m.homeserver":"#), "is not JSON"), (.init(body: "[]"), "is no JSON object"),
        (.init(body: "\"https://matrix.example.org\""), "is no JSON object"),
        (.init(body: "null"), "is no JSON object"),
        (.init(body: "{}"), "names no m.homeserver"),
        (.init(body: #"{"m.homeserver":7}"#), "has no m.homeserver.base_url"),
        (.init(body: #"{"m.homeserver":{}}"#), "has no m.homeserver.base_url"),
        (.init(body: #"{"m.homeserver":{"baseUrl":"x"}}"#), "has no m.homeserver.base_url"),
        (.init(body: #"{"m.homeserver":{"base_url":7}}"#), "is no string"),
        (.init(body: #"{"m.homeserver":{"base_url":null}}"#), "is no string"),
        (.init(status: .found), "redirects without saying where to"),
        (
            .redirect("http://matrix.example.org/"),
            "redirects to \"http://matrix.example.org/\", which is no https address"
        ),
        (.redirect("ftp://matrix.example.org/"), "which is no https address"),
        (.redirect("https:///x"), "which is no https address"),
        (.redirect("https://a@matrix.example.org/"), "which is no https address"),
        (.redirect("https://%6cocalhost/"), "which is no https address"),
        (.redirect("https://localhost/"), "redirects to localhost, an address of your own network"),
        (.redirect("//127.0.0.1:1/"), "redirects to 127.0.0.1, an address of your own network"),
        (.redirect("https://192.168.1.1/"), "redirects to 192.168.1.1, an address of your own network"),
        (.redirect("https://[::1]/"), "an address of your own network"),
        (.redirect("https://169.254.169.254/latest"), "an address of your own network"),
    ])
    func `FAIL_PROMPT: a file that cannot be used is told by what is wrong with it`(
        _ answer: LocalServer.Answer,
        _ problem: String
    ) async throws {
        let (outcome, requests) = try await look(["example.org" + Self.file: answer])
        let (kind, detail) = told(outcome)
        #expect(kind == "FAIL_PROMPT")
        #expect(detail.contains(problem), "\(detail)")
        #expect(requests == ["example.org" + Self.file])
    }

    @Test(arguments: [
        ("", "is no URL"), ("matrix.example.org", "is no URL"), ("https://", "is no URL"), ("://", "is no URL"),
        ("ftp://matrix.example.org", "is no homeserver address"),
        ("https://matrix.example.org?x", "is no homeserver address"),
        ("http://matrix.example.org", "use https"),
        ("https://localhost", "is an address of your own network"),
        ("http://127.0.0.1:8008", "is an address of your own network"),
        ("https://10.1.2.3", "is an address of your own network"),
        ("https://2130706433", "is an address of your own network"),
    ])
    func `FAIL_ERROR: what cannot be a homeserver ends the look-up`(_ baseUrl: String, _ problem: String) async throws {
        let (outcome, requests) = try await look(["example.org" + Self.file: Self.pointing(to: baseUrl)])
        let (kind, detail) = told(outcome)
        #expect(kind == "FAIL_ERROR")
        #expect(detail.contains(problem), "\(detail)")
        #expect(requests == ["example.org" + Self.file])
    }

    @Test(arguments: [
        (LocalServer.Answer(status: .notFound, body: "no"), "status 404"), (.init(body: "<html>"), "versions"),
        (.init(body: "{}"), "versions"), (.init(body: #"{"versions":[]}"#), "lists no version"),
        (.init(body: #"{"versions":"v1.1"}"#), "versions"), (.init(body: #"{"versions":[1]}"#), "versions"),
        (.init(status: .unauthorized, body: #"{"errcode":"M_UNKNOWN_TOKEN"}"#), "status 401"),
        (.redirect("https://other.example.org/"), "status 302"),
    ])
    func `FAIL_ERROR: a homeserver that does not answer as one ends the look-up`(
        _ answer: LocalServer.Answer,
        _ problem: String
    ) async throws {
        let (outcome, requests) = try await look([
            "example.org" + Self.file: Self.pointing(to: "https://matrix.example.org:PORT"),
            "matrix.example.org/_matrix/client/versions": answer,
        ])
        let (kind, detail) = told(outcome)
        #expect(kind == "FAIL_ERROR")
        #expect(detail.contains("where example.org leads, does not answer as a Matrix homeserver does"), "\(detail)")
        #expect(detail.contains(problem), "\(detail)")
        #expect(requests.last == "matrix.example.org/_matrix/client/versions")
    }

    @Test(arguments: [
        LocalServer.Answer(
            status: .tooManyRequests,
            headers: ["Retry-After": "7"],
            body: #"{"errcode":"M_LIMIT_EXCEEDED"}"#
        ),
        .init(status: .tooManyRequests, headers: ["Retry-After": "7"], body: "<p>slow down"),
        .init(status: .serviceUnavailable, body: "<p>maintenance"), .init(status: .badGateway),
        .init(status: .internalServerError, body: #"{"errcode":"M_UNKNOWN"}"#),
    ])
    func `a homeserver that is busy or down for now is not told as wrong`(_ answer: LocalServer.Answer) async throws {
        let (outcome, _) = try await look([
            "example.org" + Self.file: Self.pointing(to: "https://matrix.example.org:PORT"),
            "matrix.example.org/_matrix/client/versions": answer,
        ])
        guard case .failure(.failed(let error, let address)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(error.isPassing)
        #expect(address.description.hasPrefix("https://matrix.example.org"))
        if case .refused(let refusal) = error, refusal.isLimit { #expect(refusal.retryAfter == .seconds(7)) }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `redirects are followed, relative ones and those to other servers`(_ status: Int) async throws {
        let status = HTTPResponseStatus(statusCode: status)
        let (outcome, requests) = try await look([
            "example.org" + Self.file: .redirect("../../elsewhere?x=1", status),
            "example.org/elsewhere?x=1": .redirect("//other.example.org:PORT/a/", status),
            "other.example.org/a/": .redirect("client.json", status),
            "other.example.org/a/client.json": .redirect("HTTPS://example.org:PORT/end", status),
            "example.org/end": Self.pointing(to: "https://matrix.example.org:PORT"),
            "matrix.example.org/_matrix/client/versions": Self.versions,
        ])
        #expect(outcome == .success("https://matrix.example.org"))
        #expect(requests.count == 6)
    }

    @Test func `a redirect to what is not there means that there is no file`() async throws {
        let (outcome, _) = try await look([
            "example.org" + Self.file: .redirect("/gone"), "example.org/_matrix/client/versions": Self.versions,
        ])
        #expect(outcome == .success("https://example.org"))
    }

    @Test func `a circle of redirects is noticed`() async throws {
        let (outcome, requests) = try await look([
            "example.org" + Self.file: .redirect("/a"), "example.org/a": .redirect(Self.file),
        ])
        let (kind, detail) = told(outcome)
        #expect(kind == "FAIL_PROMPT")
        #expect(detail.contains("redirects in a circle"))
        #expect(requests.count == 2)
    }

    @Test func `redirects without end are not followed for ever`() async throws {
        var answers = ["example.org" + Self.file: LocalServer.Answer.redirect("/0")]
        for number in 0..<20 { answers["example.org/\(number)"] = .redirect("/\(number + 1)") }
        let (outcome, requests) = try await look(answers)
        let (kind, detail) = told(outcome)
        #expect(kind == "FAIL_PROMPT")
        #expect(detail.contains("redirects more than 5 times"))
        #expect(requests.count == 6)
    }

    @Test func `a server name of this machine may lead to this machine`() async throws {
        let (outcome, _) = try await look(
            up: "localhost",
            [
                "localhost" + Self.file: .redirect("https://localhost:PORT/a"),
                "localhost/a": Self.pointing(to: "https://localhost:PORT"),
                "localhost/_matrix/client/versions": Self.versions,
            ]
        )
        #expect(outcome == .success("https://localhost"))
    }

    @Test func `a file without end is not read to its end`() async throws {
        let body = String(repeating: " ", count: 1024 * 1024 + 1)
        let (outcome, _) = try await look(["example.org" + Self.file: .init(body: body)])
        guard case .failure(.failed(.unreachable(let failure), _)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.detail == "the answer is longer than any that is expected")
    }

    @Test(arguments: ["", "example.org/x", "alice@example.org", "::1", "example.org:x"])
    func `what is no server name is asked nowhere`(_ text: String) async throws {
        let (outcome, requests) = try await look(up: text, [:])
        #expect(outcome == .failure(.noServerName(text)))
        #expect(requests.isEmpty)
    }

    @Test func `a server name that no address has is told as unreachable`() async throws {
        let (outcome, _) = try await look(up: "nowhere.invalid", [:])
        guard case .failure(.failed(.unreachable(let failure), _)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.stage == .dns)
    }

    @Test func `a certificate for another name is not believed`() async throws {
        let (outcome, requests) = try await look(up: "stranger.example.org", [:])
        guard case .failure(.failed(.unreachable(let failure), _)) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.stage == .tls)
        #expect(requests.isEmpty)
    }
}
