internal import JetonAPI
internal import MatrixClient

extension Challenges {
    /// A purpose is a line for people to read: so many characters, and bytes, are enough.
    private static let longestPurpose = (characters: 200, bytes: 800)

    /// The challenge that a request answers, if it answers one; it must be the request's own.
    /// - Parameters:
    ///   - request: what a caller sent, or what it became by the user's word at the prompt.
    ///   - socket: by which it came.
    ///   - ssoUrl: for which a token is to be handed over; nil where the requester gets it.
    ///   - isPromptsWord: whether the user has answered at the agent's own prompt.
    ///   - now: when.
    /// - Returns: nil where the request answers none.
    /// - Throws: what is wrong with the answer.
    mutating func answered(
        by request: GenerateLoginToken,
        over socket: Caller.Socket = .agent,
        for ssoUrl: String? = nil,
        isPromptsWord: Bool = false,
        at now: Moment
    ) throws(AgentError) -> Challenge? {
        if let purpose = request.purpose {
            guard purpose.count <= Self.longestPurpose.characters, purpose.utf8.count <= Self.longestPurpose.bytes
            else {
                throw .invalidParams("purpose must have at most 200 characters", field: "purpose")
            }
        }
        guard let (id, field) = try Self.answer(in: request) else { return nil }
        guard let challenge = find(id, at: now), challenge.socket == socket,
            !challenge.isForPrompt || isPromptsWord
                // What the user has said there goes on, and no other answer.
                || challenge.isAnswered && request.auth?.count ?? 1 == 1
        else { throw .challengeGone(field) }
        guard !challenge.isDenied else { throw .consentDenied }
        switch (challenge.wants, request.auth) {
        case (.authentication(let uia), let auth?): try Self.check(auth, for: uia)
        case (.consent, nil): break
        // The user has agreed, and the challenge alone goes on.
        case (.consent, let auth?) where challenge.isAnswered && auth.count == 1: break
        case (.authentication, nil): throw .invalidParams("this challenge wants auth, not consent", field: "consent")
        case (.consent, .some): throw .invalidParams("this challenge wants consent, not auth", field: "auth")
        }
        guard request.account == nil || request.account == challenge.account,
            request.purpose == nil || request.purpose == challenge.purpose, ssoUrl == challenge.handover?.ssoUrl
        else { throw .challengeBound }
        return challenge
    }

    /// The challenge that a request names, be it an answer or not.
    mutating func named(by request: GenerateLoginToken, at now: Moment) -> Challenge? {
        guard let (id, _) = try? Self.answer(in: request) else { return nil }
        return find(id, at: now)
    }

    /// The challenge that a sign-out answers, if it answers one; it must be of the same account and device.
    /// - Parameters:
    ///   - request: what a caller sent, or what it became by the user's word at the prompt.
    ///   - isPromptsWord: whether the user has answered at the agent's own prompt.
    ///   - now: when.
    /// - Returns: nil where the request answers none.
    /// - Throws: what is wrong with the answer.
    mutating func answered(
        by request: SignOutDevice,
        isPromptsWord: Bool,
        at now: Moment
    ) throws(AgentError) -> Challenge? {
        guard let auth = request.auth else { return nil }
        guard let challenge = find(try Self.challenge(in: auth), at: now), !challenge.isForPrompt || isPromptsWord
        else { throw .challengeGone("auth.challenge") }
        guard !challenge.isDenied else {
            if case .unknown(let cause) = challenge.outcome { throw .signOutUnknown(cause) }
            throw .staysSignedIn(.consentDenied, "the user has refused")
        }
        guard request.deviceId == challenge.device?.deviceId,
            request.account == nil || request.account == challenge.account
        else { throw .challengeBound }
        // Our own question is the prompt's, which answers it by the challenge alone.
        if case .authentication(let uia) = challenge.wants { try Self.check(auth, for: uia) }
        return challenge
    }

    /// What the homeserver would only refuse by the letter is named here, and costs no request.
    static func check(_ auth: AuthDictionary, for uia: UIAChallenge) throws(AgentError) {
        // The challenge alone asks how things stand.
        guard auth.count > 1 else { return }
        guard let stage = auth["type"]?.stringValue else {
            throw .invalidParams("auth.type is missing, and must be a string", field: "auth.type")
        }
        guard stage != "m.login.sso" else {
            let problem = "m.login.sso takes no answer: open its page in fallback_urls, then send auth.challenge alone"
            throw .invalidParams(problem, field: "auth.type")
        }
        if let flaw = UIAFlaw.first(in: auth.members) {
            throw .invalidParams("auth.\(flaw.description)", field: "auth.\(flaw.member)")
        }
        let wanted = uia.answerableStages
        guard wanted.contains(stage) else {
            let problem =
                "auth.type is \"\(stage.prefix(64))\", and wanted is \(wanted.sorted().joined(separator: " or "))"
            throw .invalidParams(problem, field: "auth.type")
        }
    }

    private static func answer(in request: GenerateLoginToken) throws(AgentError) -> (id: String, field: String)? {
        switch (request.auth, request.consent) {
        case (nil, nil): return nil
        case (.some, .some): throw .invalidParams("auth and consent exclude each other", field: "consent")
        case (nil, let consent?): return (consent.challenge, "consent.challenge")
        case (let auth?, nil): return (try challenge(in: auth), "auth.challenge")
        }
    }

    /// Which challenge an authentication dictionary answers.
    static func challenge(in auth: AuthDictionary) throws(AgentError) -> String {
        guard let id = auth["challenge"]?.stringValue else {
            let problem = "auth.challenge is missing; a request without auth gives one"
            throw .invalidParams(problem, field: "auth.challenge")
        }
        guard auth["session"] == nil else {
            throw .invalidParams("auth.session is not known here; use auth.challenge", field: "auth.session")
        }
        return id
    }
}
