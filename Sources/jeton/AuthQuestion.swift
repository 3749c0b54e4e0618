internal import FoundationEssentials
internal import JetonAPI

/// What the homeserver wants to know before it does it: `auth_required`, taken apart.
struct AuthQuestion {
    let challenge: String
    /// When the challenge is no longer accepted.
    let expiresAt: Moment?
    /// What was wrong with the last answer; nil where nothing was.
    let error: String?
    /// How many more passwords may be wrong.
    let attemptsLeft: Int?
    private let flows: [[String]]
    private let completed: Set<String>
    private let params: JSONValue
    private let pages: JSONValue

    init?(_ refusal: AgentError) {
        guard refusal.kind == .authRequired, let challenge = refusal.data["challenge"]?.stringValue else { return nil }
        self.challenge = challenge
        expiresAt = refusal.data["expires_at"].flatMap { text in
            try? JSONDecoder().decode(Moment.self, from: JSONEncoder().encode(text))
        }
        error = refusal.data["error"] == nil ? nil : refusal.message
        attemptsLeft = refusal.data["attempts_left"]?.integerValue
        flows = (refusal.data["flows"]?.elements ?? []).map { Self.strings($0["stages"]) }
        completed = Set(Self.strings(refusal.data["completed"]))
        params = refusal.data["params"] ?? [:]
        pages = refusal.data["fallback_urls"] ?? [:]
    }

    private static func strings(_ value: JSONValue?) -> [String] { (value?.elements ?? []).compactMap(\.stringValue) }

    /// The stage to do next: of the flow with the least to do in a browser, then with the least to do.
    var stage: String? {
        let left = flows.map { flow in flow.filter { !completed.contains($0) } }.filter { !$0.isEmpty }
        let effort = { (stages: [String]) in
            (stages.count { !Self.onTerminal.contains($0) }, stages.count)
        }
        return left.min { effort($0) < effort($1) }?.first
    }

    /// What can be asked on a terminal, or need not be asked at all.
    private static let onTerminal: Set<String> = [
        "m.login.password", "m.login.registration_token", "m.login.terms", "m.login.dummy",
    ]

    /// The address at which a stage can be done in a browser.
    func page(for stage: String) -> String? { pages[stage]?.stringValue }

    /// The terms to agree to, a line each: what they are called and where they stand.
    var policies: [String] {
        guard case .object(let policies)? = params["m.login.terms"]?["policies"] else { return [] }
        return policies.sorted { $0.key < $1.key }.compactMap { name, policy in
            guard case .object(let members) = policy else { return nil }
            // In English where there is English; all else is a language with a name and an address.
            let texts = members.filter { $0.value["url"] != nil }.sorted { $0.key < $1.key }.map(\.value)
            guard let text = members["en"] ?? texts.first, let url = text["url"]?.stringValue else { return nil }
            let version = members["version"]?.stringValue.map { " (\(PlainText.word($0)))" } ?? ""
            return "\(PlainText.quoted(text["name"]?.stringValue ?? name))\(version): \(Output.plain(url))"
        }
    }
}

extension JSONValue {
    fileprivate var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }
}
