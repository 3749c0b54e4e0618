import Foundation
import FoundationNetworking

/// Another Matrix client, which shares no line with ours: curl's library by way of URLSession.
public struct OtherClient: Sendable {
    public let address: String

    public init(_ address: String) { self.address = address }

    public struct Answer: Sendable {
        public var status: Int
        /// The members that are strings.
        public var body: [String: String]
        /// The ids of the list of devices, where there is one.
        public var deviceIds: [String]
    }

    /// Signs in with a login token, as a device of this name.
    public func logIn(token: String, deviceName: String? = nil) async throws -> Answer {
        var body = ["type": "m.login.token", "token": token]
        body["initial_device_display_name"] = deviceName
        return try await send("POST", "/_matrix/client/v3/login", body: body)
    }

    /// Signs in by password, with a device id of its own where it wants one.
    public func logIn(_ user: TestUser, deviceId: String? = nil) async throws -> Answer {
        let identifier = ["type": "m.id.user", "user": user.id]
        var body: [String: Any] = ["type": "m.login.password", "identifier": identifier, "password": user.password]
        body["device_id"] = deviceId
        return try await send("POST", "/_matrix/client/v3/login", body: body)
    }

    public func whoAmI(_ accessToken: String) async throws -> Answer {
        try await send("GET", "/_matrix/client/v3/account/whoami", accessToken: accessToken)
    }

    /// Mints a login token by itself: the homeserver's own limit counts all clients of an account.
    public func mint(_ user: TestUser, _ accessToken: String) async throws -> Answer {
        let identifier = ["type": "m.id.user", "user": user.id]
        let auth: [String: Any] = ["type": "m.login.password", "identifier": identifier, "password": user.password]
        return try await send(
            "POST",
            "/_matrix/client/v1/login/get_token",
            accessToken: accessToken,
            body: ["auth": auth]
        )
    }

    /// The devices of an account, by their ids.
    public func devices(_ accessToken: String) async throws -> [String] {
        try await send("GET", "/_matrix/client/v3/devices", accessToken: accessToken).deviceIds
    }

    func send(
        _ method: String,
        _ path: String,
        accessToken: String? = nil,
        body: [String: Any]? = nil
    ) async throws -> Answer {
        guard let url = URL(string: "\(address)\(path)") else {
            throw Unexpected("\(address) is no URL")
        }
        var request = URLRequest(url: url)
        request.httpMethod = method
        if let accessToken { request.setValue("Bearer \(accessToken)", forHTTPHeaderField: "Authorization") }
        request.httpBody = try body.map { try JSONSerialization.data(withJSONObject: $0) }
        let (data, response) = try await URLSession.shared.data(for: request)
        let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        let devices = object["devices"] as? [[String: Any]] ?? []
        return Answer(
            status: status,
            body: object.compactMapValues { $0 as? String },
            deviceIds: devices.compactMap { $0["device_id"] as? String }
        )
    }
}
