/// The accounts and what proves them; in memory, in the clear, for this is a toy.
struct Passwords {
    private var passwords: [String: String] = [:]

    mutating func set(_ password: String, for localpart: String) {
        passwords[localpart] = password
    }

    /// The localpart of the account that `submission` proves; nil: wrong name or password.
    ///
    /// `submission` is the body of a login or the `auth` object of UIA, for Synapse reads both with the same code.
    func account(provedBy submission: [String: JSON], on serverName: String) throws(Answer) -> String? {
        guard let type = submission["type"]?.string else {
            throw .refused(400, "M_INVALID_PARAM", "Bad parameter: type")
        }
        let password = submission["password"]?.string
        if type == "m.login.password", password == nil {
            throw .refused(400, "M_INVALID_PARAM", "Bad parameter: password")
        }
        let localpart = try localpart(named: submission, on: serverName)
        guard type == "m.login.password" else {
            throw .refused(400, "M_UNKNOWN", "Unknown login type \(type)")
        }
        guard let localpart, let known = passwords[localpart], known == password else { return nil }
        return localpart
    }

    /// The local account that is meant; nil: an account of another server.
    private func localpart(named submission: [String: JSON], on serverName: String) throws(Answer) -> String? {
        var identifier = submission["identifier"]?.object ?? [:]
        if let user = submission["user"]?.string, !user.isEmpty {
            identifier = ["type": "m.id.user", "user": .string(user)]
        }
        guard !identifier.isEmpty else { throw .refused(400, "M_INVALID_PARAM", "Invalid login submission") }
        guard let type = identifier["type"]?.string else {
            throw .refused(400, "M_MISSING_PARAM", "'identifier' dict has no key 'type'")
        }
        guard type == "m.id.user" else { throw .refused(400, "M_UNKNOWN", "Unknown login identifier type") }
        guard let user = identifier["user"]?.string, !user.isEmpty else {
            throw .refused(400, "M_UNKNOWN", "User identifier is missing 'user' key")
        }
        guard user.hasPrefix("@") else { return user }
        guard user.hasSuffix(":\(serverName)") else { return nil }
        return String(user.dropFirst().dropLast(serverName.count + 1))
    }
}
