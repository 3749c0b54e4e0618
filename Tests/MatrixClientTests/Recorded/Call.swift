import Foundation
import JetonAPI

@testable import MatrixClient

/// The client's request that belongs to a recorded one.
struct Call {
    /// What comes of it, and the tokens that the client found in the answer.
    typealias Result = (outcome: Outcome, tokens: Set<Secret>)

    var run: (MatrixClient) async throws -> Result
    /// Whether it is the recorded request: some of those cannot be made by this client, and only their answers count.
    var isExact = true
}

extension Transcript {
    private static let client = "/_matrix/client"

    var call: Call {
        guard path.hasPrefix(Self.client) else { return other }
        switch "\(request.method) \(path.dropFirst(Self.client.count))" {
        case "GET /versions":
            return Call(
                run: { (.versions(upTo: try await $0.versions().last ?? ""), []) },
                isExact: accessToken == nil
            )
        case "GET /v3/login": return Call { (Outcome(try await $0.loginFlows()), []) }
        case "POST /v3/login": return logIn ?? other
        case "POST /v3/refresh": return refresh ?? other
        case "GET /v1/auth_metadata": return authMetadata
        default: return authorized ?? other
        }
    }

    private var authorized: Call? {
        guard let token = accessToken else { return nil }
        switch "\(request.method) \(path.dropFirst(Self.client.count))" {
        case "GET /v3/account/whoami":
            return Call {
                let owner = try await $0.whoAmI(token)
                return (.owner(owner.userId, device: owner.deviceId), [])
            }
        case "GET /v3/capabilities": return Call { (.capability(try await $0.loginTokenCapability(token)), []) }
        case "GET /v3/devices": return Call { (.devices(try await $0.devices(token).map(\.deviceId)), []) }
        case "POST /v3/logout":
            return Call {
                try await $0.logOut(token)
                return (.done, [])
            }
        case "POST /v1/login/get_token": return getLoginToken(token)
        case let line where line.hasPrefix("DELETE /v3/devices/"): return deleteDevice(token)
        default: return nil
        }
    }

    private func deleteDevice(_ token: Secret) -> Call {
        let device = String(path.split(separator: "/").last ?? "")
        return Call(
            run: { [auth] in
                try await $0.deleteDevice(device, token, auth: auth)
                return (.done, [])
            },
            isExact: members.map { $0.isEmpty || auth != nil } ?? false
        )
    }

    private var auth: [String: JSONValue]? {
        guard case .object(let auth)? = members?["auth"] else { return nil }
        return auth
    }

    private func getLoginToken(_ token: Secret) -> Call {
        Call(
            run: { [auth] in
                let minted = try await $0.getLoginToken(token, auth: auth)
                return (.minted(life: minted.expiresInMs), [minted.loginToken])
            },
            isExact: members.map { $0.isEmpty || auth != nil } ?? false
        )
    }

    private var logIn: Call? {
        let credentials: MatrixClient.Credentials
        switch members?["type"] {
        case "m.login.password":
            guard let user = members?["identifier"]?["user"]?.stringValue,
                let password = members?["password"]?.stringValue
            else { return nil }
            credentials = .password(user: user, Secret(password))
        case "m.login.token":
            guard let token = members?["token"]?.stringValue else { return nil }
            credentials = .loginToken(Secret(token))
        default: return nil
        }
        let (device, name) = (members?["device_id"]?.stringValue, members?["initial_device_display_name"]?.stringValue)
        return Call(
            run: {
                let session = try await $0.logIn(credentials, deviceID: device, deviceName: name)
                let outcome = Outcome.session(
                    session.userId,
                    device: session.deviceId,
                    life: session.expiresInMs,
                    isRenewable: session.refreshToken != nil
                )
                return (outcome, Set([session.accessToken, session.refreshToken].compactMap { $0 }))
            }
        )
    }

    private var refresh: Call? {
        guard let token = members?["refresh_token"]?.stringValue else { return nil }
        return Call(
            run: {
                let renewal = try await $0.refresh(Secret(token))
                let tokens = Set([renewal.accessToken, renewal.refreshToken].compactMap { $0 })
                return (.renewed(life: renewal.expiresInMs ?? 0), tokens)
            },
            isExact: accessToken == nil
        )
    }

    private var authMetadata: Call {
        Call {
            guard let metadata = try await $0.authMetadata() else { return (.noOAuth, []) }
            return (.oauth(accountPage: metadata.accountManagementUri), [])
        }
    }

    /// What this client has no function for: only the answer counts.
    private var other: Call {
        if path.hasPrefix("/.well-known/"), let body = response?.body {
            return Call(
                run: { _ in
                    let file = try WellKnown(Array(JSONEncoder().encode(body)), from: "")
                    return (.homeserver(try HomeserverAddress(file.baseUrl).description), [])
                },
                isExact: false
            )
        }
        if let page { return Call(run: { _ in (page == request.url ? .page : .done, []) }, isExact: false) }
        let path = path.hasPrefix(Self.client) ? String(path.dropFirst(Self.client.count)) : path
        return Call(
            run: {
                _ = try await $0.exchange(
                    request.method,
                    path,
                    bearer: accessToken,
                    body: request.method == "GET" ? nil : Anything(),
                    expecting: Anything.self
                )
                return (.done, [])
            },
            isExact: false
        )
    }

    /// The address that we make for a page of the homeserver, from the parts of the recorded one.
    private var page: String? {
        guard let url = URLComponents(string: request.url),
            let homeserver = try? HomeserverAddress("http://localhost:8108")
        else { return nil }
        let parts = url.path.split(separator: "/").map(String.init)
        func query(_ name: String) -> String? { url.queryItems?.first { $0.name == name }?.value }
        if parts.starts(with: ["_matrix", "client", "v3", "login", "sso", "redirect"]),
            let target = query("redirectUrl")
        {
            return homeserver.ssoPage(redirectUrl: target, identityProvider: parts.count > 6 ? parts[6] : nil)
        }
        if parts.starts(with: ["_matrix", "client", "v3", "auth"]), let session = query("session") {
            let challenge = UIAChallenge(session: Secret(session), flows: [[parts[4]]])
            return challenge.fallbackPage(of: parts[4], at: homeserver)?.reveal()
        }
        return nil
    }
}

extension Outcome {
    fileprivate init(_ flows: MatrixClient.LoginFlows) {
        self = .flows(flows.types, mints: flows.mintsLoginTokens, providers: flows.identityProviders.map(\.id))
    }
}
