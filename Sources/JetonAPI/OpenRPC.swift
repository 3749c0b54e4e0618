internal import FoundationEssentials

/// The description of the API (OpenRPC 1.3), made from the declarations of the methods.
public enum OpenRPC {
    /// Every method there is, in the order in which a reader should meet them.
    public static let methods: [any Method.Type] = [
        Ping.self, GetAgentStatus.self, LockAgent.self, UnlockAgent.self, LogIn.self, BeginSSOLogin.self,
        FinishSSOLogin.self, ListAccounts.self,
        GetAccountStatus.self, SetDefaultAccount.self, RefreshAccount.self, LogOut.self,
        GetLoginTokenSupport.self, GenerateLoginToken.self, HandOverLoginToken.self, ListLoginTokens.self,
        GetRateLimitStatus.self,
        ListConsents.self, ApproveConsent.self, DenyConsent.self,
        ListDevices.self, SignOutDevice.self,
        GetStoreStatus.self, EncryptStore.self, DecryptStore.self, RekeyStore.self,
        SubscribeToEvents.self, UnsubscribeFromEvents.self, CancelRequest.self, GetMetrics.self, Discover.self,
    ]

    private static let description = """
        An agent that holds Matrix sessions and mints single-use login tokens. JSON-RPC 2.0 over a Unix socket, one \
        message a line, params by name. A batch has at most 32 requests; once the answers to it have reached 256 KiB, its \
        further requests are answered by the error busy.
        """

    public static var document: JSONValue {
        [
            "openrpc": "1.3.2",
            "info": [
                "title": "Jeton", "version": .string(releaseVersion),
                "description": .string(description),
                "license": ["name": "Apache-2.0"],
            ],
            "methods": .array(methods.map { describe($0) }),
            "components": ["errors": .object(errors), "schemas": .object(eventSchemas)],
            "x-notifications": [
                [
                    "name": .string(EventNotification<AgentStopping>.method),
                    "summary": "Tells a connection that has called event.subscribe what has happened.",
                    "params": .array(Events.all.map { ["$ref": .string("#/components/schemas/\($0.type.rawValue)")] }),
                ]
            ],
        ]
    }

    private static func describe<M: Method>(_ method: M.Type) -> JSONValue {
        guard case .object(let properties) = Schema.of(M.self) else { preconditionFailure("\(M.name) is no struct") }
        let own = M.errors.map { kind -> JSONValue in ["$ref": .string("#/components/errors/\(kind.rawValue)")] }
        return [
            "name": .string(M.name), "summary": .string(M.summary), "paramStructure": "by-name",
            "params": .array(properties.map { describe($0) }),
            "result": ["name": "result", "schema": Schema.of(M.Result.self).jsonSchema()],
            "errors": .array(own),
            "examples": [example(of: M.self)],
        ]
    }

    private static func describe(_ property: Schema.Property) -> JSONValue {
        [
            "name": .string(property.name), "required": .boolean(property.isRequired),
            "summary": .string(Glossary.sentences[property.name] ?? ""), "schema": property.schema.jsonSchema(),
        ]
    }

    private static func example<M: Method>(of method: M.Type) -> JSONValue {
        guard case .object(let params) = json(M.example.params) else { preconditionFailure("\(M.name) is no struct") }
        let pairs = params.sorted { $0.key < $1.key }.map { name, value -> JSONValue in
            ["name": .string(name), "value": value]
        }
        return [
            "name": .string(M.name), "params": .array(pairs),
            "result": ["name": "result", "value": json(M.example.result)],
        ]
    }

    private static func json<Value: Encodable>(_ value: Value) -> JSONValue {
        guard let data = try? JSONCoding.encoder(secrets: .revealed).encode(value),
            let json = try? JSONDecoder().decode(JSONValue.self, from: data)
        else { preconditionFailure("an example that is not JSON") }
        return json
    }

    private static var errors: [String: JSONValue] {
        let own = AgentError.Kind.allCases.filter { !$0.isStandard }
        return Dictionary(
            uniqueKeysWithValues: own.map { kind in
                let error: JSONValue = [
                    "code": .integer(kind.code), "message": .string(kind.summary),
                    "data": ["kind": .string(kind.rawValue)],
                ]
                return (kind.rawValue, error)
            }
        )
    }
}
