public import DevHomeserver
import Foundation
public import Testing

/// Somebody with an account at a homeserver under test.
public struct TestUser: Sendable {
    public let id: String
    public let password: String
}

/// How a homeserver is set up.
public enum Setup: Sendable {
    case asking
    /// get_token asks for no user-interactive authentication.
    case unasking
    /// get_token is switched off.
    case off
    /// Access tokens live 5 s.
    case brief
    /// There are no refresh tokens, and access tokens live 20 s: then comes a soft logout.
    case unrefreshing
    /// Users sign in by their browser too.
    case sso

    /// What `Tests/homeserver start` is told.
    var options: [String] {
        switch self {
        case .asking: []
        case .unasking: ["--no-uia"]
        case .off: ["--no-login-token"]
        case .brief: ["--access-token-lifetime", "5s"]
        case .unrefreshing: ["--no-refresh-tokens", "--nonrefreshable-lifetime", "20s"]
        case .sso: ["--cas", "somebody"]
        }
    }
}

/// The homeservers that the same behaviours are tested against.
public enum HomeserverKind: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case devHomeserver = "DevHomeserver"
    case synapse = "Synapse"

    public var testDescription: String { rawValue }

    /// Without Synapse, `Tests/run` says loudly that its tests are skipped.
    public static var available: [HomeserverKind] {
        ProcessInfo.processInfo.environment["JETON_TEST_SYNAPSE"] == "1" ? allCases : [.devHomeserver]
    }

    /// A homeserver of this kind that runs: shared in the case of Synapse, for which every test has its own users.
    public func homeserver(_ setup: Setup = .asking) async throws -> any TestHomeserver {
        switch self {
        case .devHomeserver: try await DevHomeserverUnderTest(setup)
        case .synapse: try await SynapseUnderTest.running(setup)
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Of what only a real homeserver can show. `Tests/run` says loudly where there is none.
    public static var needsSynapse: Self {
        .enabled(if: HomeserverKind.available.contains(.synapse), "SKIPPED: there is no Synapse here")
    }
}

/// A homeserver that tests run against.
public protocol TestHomeserver: Sendable {
    var address: String { get }
    /// Registers somebody new.
    func newUser() async throws -> TestUser
    /// How often get_token was called so far in the name of somebody.
    func mintRequests(of user: TestUser) async throws -> Int
    /// How often the list of devices was asked for so far in the name of somebody.
    func looks(at user: TestUser) async throws -> Int
}

extension TestHomeserver {
    static func makeUser() -> (name: String, password: String) {
        let name = "u" + UUID().uuidString.lowercased().filter { $0 != "-" }.prefix(12)
        return (name, Canary.passwordMark + UUID().uuidString.lowercased().filter { $0 != "-" })
    }
}

/// The small homeserver, in this process.
public final class DevHomeserverUnderTest: TestHomeserver {
    public let server: DevHomeserver
    public let address: String

    public init(_ setup: Setup = .asking, _ edit: @Sendable (inout DevHomeserver.Options) -> Void = { _ in })
        async throws
    {
        var options = DevHomeserver.Options()
        options.asksBeforeMinting = setup != .unasking
        options.offersLoginTokens = setup != .off
        options.offersRefresh = setup != .unrefreshing
        if setup == .brief { options.accessTokenLifetime = .seconds(5) }
        if setup == .unrefreshing { options.nonRefreshableLifetime = .seconds(20) }
        // Long enough to be met on a busy machine, short enough to be waited for.
        options.mintInterval = .seconds(20)
        edit(&options)
        server = DevHomeserver(options: options)
        address = try await server.start()
    }

    deinit {
        // It serves until it is stopped, whoever holds it.
        Task { [server] in await server.stop() }
    }

    public func newUser() async throws -> TestUser {
        let (name, password) = Self.makeUser()
        await server.add(user: name, password: password)
        return TestUser(id: "@\(name):localhost", password: password)
    }

    /// Answers the next minting with 429, as a homeserver does whose limit other clients have used up; what comes
    /// after that is served.
    public func limitNextMint(of user: TestUser, by work: @Sendable () async throws -> Void) async throws {
        let path = "/_matrix/client/v1/login/get_token"
        let body = #"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":1000}"#
        await server.misbehave(
            on: path,
            .answer(status: 429, contentType: "application/json", body: body, headers: [:])
        )
        let before = await mintRequests(of: user)
        async let working: Void = work()
        try await eventually("the limit is met") { await mintRequests(of: user) > before }
        await server.misbehave(on: path, nil)
        try await working
    }

    /// Nobody else is here.
    public func mintRequests(of user: TestUser) async -> Int {
        await server.seenRequests.count { $0.path.hasSuffix("/login/get_token") }
    }

    public func looks(at user: TestUser) async -> Int {
        await server.seenRequests.count { $0.path.hasSuffix("/v3/devices") }
    }
}
