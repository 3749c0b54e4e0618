internal import JetonAPI
internal import MatrixClient

/// What can be said to the homeserver's question, and what its next one means.
extension UIAChallenge {
    /// Why nothing that anybody could answer would bring this on.
    var deadEnd: String? {
        if progress.isDone { return "asks the user again after all that it wanted is done" }
        return progress.nextStages.isEmpty ? "wants to ask the user, and offers no way to do it" : nil
    }

    /// The stages that may be answered next. A flow is chosen by answering one of its stages, and may be left again.
    var answerableStages: Set<String> { Set(flows.compactMap { progress.left(in: $0).first }) }

    /// The pages for the stages that are left, by stage. A password has none, and a dummy needs none: so the session
    /// goes out only where the user cannot do without.
    func fallbackPages(at homeserver: HomeserverAddress) -> [String: JSONValue] {
        let stages = Set(flows.flatMap { progress.left(in: $0) }).subtracting(["m.login.password", "m.login.dummy"])
        return stages.reduce(into: [:]) { pages, stage in
            pages[stage] = fallbackPage(of: stage, at: homeserver).map { .string($0.reveal()) }
        }
    }

    /// A caller's authentication dictionary with the homeserver's session in place of our challenge.
    func answer(by caller: AuthDictionary) -> [String: JSONValue] {
        var auth = caller.members
        auth["challenge"] = nil
        auth["session"] = session.map { .string($0.reveal()) }
        // Synapse 1.163.2 fails with 500 where the phone's older name, `number`, is missing.
        if case .object(var identifier)? = auth["identifier"], identifier["type"] == "m.id.phone" {
            identifier["number"] = identifier["number"] ?? identifier["phone"]
            auth["identifier"] = .object(identifier)
        }
        return auth
    }

    /// What is asked after an answer: the session goes on, and an answer that has changed nothing is said to have.
    /// - Parameters:
    ///   - last: what was asked before.
    ///   - stage: what was answered; nil where the session went alone.
    /// - Returns: the question, to be put to the user.
    func following(_ last: UIAChallenge, answeredBy stage: String?) -> UIAChallenge {
        var next = self
        next.session = session ?? last.session
        if let stage, errcode == nil, !completed.contains(stage) {
            next.error = "\(stage) was answered, and does not count as done"
        }
        return next
    }

    /// The stages that only the user can do. A program can do the others by itself, and those that are not known here may
    /// be such.
    static let proofs: Set = ["m.login.password", "m.login.sso", "m.login.email.identity", "m.login.msisdn"]

    /// Whether nobody but the user gets through it: each way has a stage that only the user can do, or one was done.
    var verifiesUser: Bool {
        !Self.proofs.isDisjoint(with: completed) || flows.allSatisfy { !Self.proofs.isDisjoint(with: $0) }
    }

    /// Whether whoever asks may answer it unasked by us. One that a program can answer all by itself asks nobody: then we
    /// do, as where there is none at all.
    func isForCaller(under policy: ConsentPolicy) -> Bool { verifiesUser || policy.trustsCallers }

    /// What it means for the password that came last that all is done. Where there are ways without one it means nothing:
    /// homeservers only look whether any is gone through to its end.
    var passwordVerdictAtEnd: MintBook.PasswordVerdict {
        flows.allSatisfy { $0.contains("m.login.password") } ? .right : .unknown
    }

    /// What it says of a password, where that was the answer before it.
    var passwordVerdict: MintBook.PasswordVerdict {
        errcode != "M_FORBIDDEN" && completed.contains("m.login.password") ? .right : .wrong
    }
}

extension MatrixError.Refusal {
    /// Whether the homeserver knows nothing of the UIA session any more, or so it seems.
    func hasForgottenSession(of auth: [String: JSONValue]?) -> Bool {
        auth?["session"] != nil && status == 400 && errcode == "M_UNKNOWN"
    }
}
