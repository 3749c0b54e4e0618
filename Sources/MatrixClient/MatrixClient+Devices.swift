public import JetonAPI

/// What is signed in to an account, and an end to it.
extension MatrixClient {
    /// A device of the account (GET /devices).
    public struct Device: Decodable, Sendable, Equatable {
        public var deviceId: String
        public var displayName: String?
        public var lastSeenTs: Int64?
        public var lastSeenIp: String?

        /// Longer than any that means to be read.
        private static let longest = 256

        private enum CodingKeys: CodingKey { case deviceId, displayName, lastSeenTs, lastSeenIp }

        /// A device is called what whoever has signed it in likes, at any length that the homeserver allows.
        public init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            deviceId = try members.decode(String.self, forKey: .deviceId)
            displayName = try members.decodeIfPresent(String.self, forKey: .displayName).map(Self.cut)
            lastSeenTs = try members.decodeIfPresent(Int64.self, forKey: .lastSeenTs)
            lastSeenIp = try members.decodeIfPresent(String.self, forKey: .lastSeenIp).map(Self.cut)
        }

        private static func cut(_ text: String) -> String {
            String(String.UnicodeScalarView(text.unicodeScalars.prefix(longest)))
        }
    }

    public func devices(_ accessToken: Secret) async throws(MatrixError) -> [Device] {
        struct Body: Decodable { var devices: [Device] }
        return try await exchange("GET", "/v3/devices", bearer: accessToken, expecting: Body.self).devices
    }

    /// Ends a device and its sessions (DELETE /devices/{deviceId}). Not POST /delete_devices: there the homeserver would
    /// not hold the user's word against the device that it was given for.
    /// - Parameters:
    ///   - device: its id, of any form.
    ///   - accessToken: of the user whose device it is.
    ///   - auth: the authentication dictionary, `session` included; nil begins.
    /// - Throws: `authenticationRequired` where the user has to be asked first.
    public func deleteDevice(
        _ device: String,
        _ accessToken: Secret,
        auth: [String: JSONValue]?
    ) async throws(MatrixError) {
        struct Body: Encodable { var auth: [String: JSONValue]? }
        _ = try await exchange(
            "DELETE",
            "/v3/devices/\(WebAddress.percentEncoded(device))",
            bearer: accessToken,
            body: Body(auth: auth),
            expecting: Anything.self
        )
    }
}
