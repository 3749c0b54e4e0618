public import JetonAPI

/// What an authentication dictionary lacks, told before it is sent: homeservers answer such with a 400 that names no
/// member, and some drop the UIA session for it.
public struct UIAFlaw: Error, Sendable, Equatable, CustomStringConvertible {
    /// The way to the member, as in `identifier.user`.
    public var member: String
    public var description: String

    /// Looks at an authentication dictionary by the specification's names. Stages and identifiers that are not known
    /// here pass, and so do further members.
    public static func first(in auth: [String: JSONValue]) -> UIAFlaw? {
        do throws(UIAFlaw) {
            // A session alone asks how things stand.
            guard auth["type"] != nil else { return nil }
            let members = Members(values: auth)
            try check(UIAStage(members.string("type")), members)
            return nil
        } catch {
            return error
        }
    }

    private static func check(_ stage: UIAStage, _ auth: Members) throws(UIAFlaw) {
        switch stage {
        case .password:
            try auth.requireString("password")
            // The older form, without an identifier.
            if auth.values["identifier"] == nil, auth.values["user"] != nil { return try auth.requireString("user") }
            try checkIdentifier(auth.object("identifier"))
        case .recaptcha: try auth.requireString("response")
        case .registrationToken: try auth.requireString("token")
        case .emailIdentity, .msisdn:
            let credentials = try auth.object("threepid_creds")
            for name in ["sid", "client_secret"] { try credentials.requireString(name) }
            for name in ["id_server", "id_access_token"] where credentials.values[name] != nil {
                try credentials.requireString(name)
            }
        case .sso:
            throw UIAFlaw(
                member: "type",
                description: "m.login.sso takes no answer from here: it is done on its fallback page, after which the "
                    + "session goes alone"
            )
        case .terms, .dummy, .other: return
        }
    }

    private static func checkIdentifier(_ identifier: Members) throws(UIAFlaw) {
        let names: [String: [String]] = [
            "m.id.user": ["user"], "m.id.thirdparty": ["medium", "address"], "m.id.phone": ["country", "phone"],
        ]
        let type = try identifier.string("type")
        for name in names[type] ?? [] { try identifier.requireString(name) }
    }

    /// An object within the dictionary, and where it is.
    private struct Members {
        var values: [String: JSONValue]
        var path = ""

        func string(_ name: String) throws(UIAFlaw) -> String {
            guard let text = values[name]?.stringValue else { throw flaw(name, "a string") }
            return text
        }

        func requireString(_ name: String) throws(UIAFlaw) { _ = try string(name) }

        func object(_ name: String) throws(UIAFlaw) -> Members {
            guard case .object(let members) = values[name] else { throw flaw(name, "an object") }
            return Members(values: members, path: "\(path)\(name).")
        }

        private func flaw(_ name: String, _ kind: String) -> UIAFlaw {
            let member = path + name
            let problem = values[name] == nil ? "is missing, and must be" : "must be"
            return UIAFlaw(member: member, description: "\(member) \(problem) \(kind)")
        }
    }
}
