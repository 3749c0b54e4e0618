import JetonAPI
import MatrixClient
import Testing

@testable import Agent

/// What users read when a homeserver is not found.
struct DiscoverySentenceTests {
    private static func homeserver() throws -> HomeserverAddress { try HomeserverAddress("https://hs.example.org") }

    @Test(
        arguments: [
            (.noServerName("a b"), "\"a b\" is no server name; user_id must look like @alice:example.org.", "user_id"),
            (
                .unknown("it is none"),
                "the homeserver of example.org is not known: it is none; name it in homeserver.", "homeserver"
            ),
            (
                .unusable("it is empty"),
                "the homeserver of example.org cannot be found: it is empty; name it in homeserver.", "homeserver"
            ),
            (.wrong("no URL"), "the homeserver of example.org is wrong: no URL; ask its administrator.", "user_id"),
        ] as [(Discovery.Problem, String, String)]
    )
    func `each outcome of discovery has its sentence, and says what to do`(
        _ problem: Discovery.Problem,
        _ sentence: String,
        _ field: String
    ) {
        let error = AgentError(problem, of: "example.org")
        #expect(error.kind == .invalidParams)
        #expect(error.message == sentence)
        #expect(error.data["field"]?.stringValue == field)
    }

    @Test func `a homeserver that cannot be reached is told by the stage`() throws {
        let failure = MatrixError.Failure(stage: .dns, detail: "the name x is not found", mayHaveArrived: false)
        let error = AgentError(.failed(.unreachable(failure), at: try Self.homeserver()), of: "example.org")
        #expect(error.kind == .homeserverUnreachable)
        #expect(error.data["stage"] == "dns")
        #expect(error.message.contains("the name x is not found. If you know it, name it."))
    }

    @Test func `a homeserver that is busy says when to come back`() throws {
        let limit = MatrixError.refused(.init(status: 429, errcode: nil, error: nil, retryAfter: .seconds(7)))
        let error = AgentError(.failed(limit, at: try Self.homeserver()), of: "example.org")
        #expect(error.kind == .rateLimited)
        #expect(error.data["retry_after_ms"] == 7000)
    }

    @Test func `a homeserver that is down is not told as wrong`() throws {
        let page = MatrixError.notMatrix(status: 503, detail: "status 503 with content of type text/html, not JSON")
        let error = AgentError(.failed(page, at: try Self.homeserver()), of: "example.org")
        #expect(error.kind == .homeserverError)
        #expect(
            error.message
                == "https://hs.example.org is out of order; try again later: status 503 with content of type text/html, "
                + "not JSON."
        )
    }
}
