/// An administrator of a Synapse under test, and what they do to others (Synapse's admin API).
public struct Admin: Sendable {
    private let admin: TestUser
    private let client: OtherClient

    init(_ admin: TestUser, at address: String) {
        self.admin = admin
        client = OtherClient(address)
    }

    /// A locked account keeps its sessions, which are refused until it is unlocked.
    public func setLocked(_ isLocked: Bool, _ user: TestUser) async throws {
        try await request("PUT", "v2/users/\(user.id)", ["locked": isLocked])
    }

    /// A suspended account may read, and little else.
    public func setSuspended(_ isSuspended: Bool, _ user: TestUser) async throws {
        try await request("PUT", "v1/suspend/\(user.id)", ["suspend": isSuspended])
    }

    /// Ends the account for good, and all its sessions.
    public func deactivate(_ user: TestUser) async throws {
        try await request("POST", "v1/deactivate/\(user.id)", ["erase": false])
    }

    /// Addresses that they can be named by, as if they had shown that these are theirs.
    public func setAddresses(email: String, phone: String, of user: TestUser) async throws {
        let addresses = [["medium": "email", "address": email], ["medium": "msisdn", "address": phone]]
        try await request("PUT", "v2/users/\(user.id)", ["threepids": addresses])
    }

    public func devices(of user: TestUser) async throws -> [String] {
        try await request("GET", "v2/users/\(user.id)/devices").deviceIds
    }

    /// Ends one session.
    public func signOut(_ device: String, of user: TestUser) async throws {
        try await request("DELETE", "v2/users/\(user.id)/devices/\(device)")
    }

    @discardableResult
    private func request(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws
        -> OtherClient.Answer
    {
        while true {
            // Anew for each: where sessions are brief, so is this one; on a busy machine even too brief.
            let accessToken = try await client.logIn(admin).body["access_token"] ?? ""
            let answer = try await client.send(method, "/_synapse/admin/\(path)", accessToken: accessToken, body: body)
            if answer.status == 200 { return answer }
            guard answer.body["error"] == "Access token has expired" else {
                throw Unexpected("\(method) \(path) gave \(answer)")
            }
        }
    }
}
