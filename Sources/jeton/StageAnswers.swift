internal import Glibc
internal import JetonAPI
internal import RPCClient

/// Answers the homeserver's questions, a stage at a time: by what the user types, or does in a browser.
struct StageAnswers {
    /// Whose password is asked for.
    var account: String
    let readsPassword: Bool
    let opensBrowser: Bool
    /// What has not happened where the user gives up, as the end of a sentence.
    let undone: String
    /// Answers that were refused.
    private var refusals = 0
    private var hasAnswered = false
    /// The page that the user was sent to last.
    private var page: String?

    /// Nobody mistypes a password more often; a script that does would only use up the agent's own limit.
    private static let maximumTries = 3
    /// How often the agent is asked whether the user is done in the browser: nobody announces it.
    private static let pause: useconds_t = 2_000_000

    init(account: String, readsPassword: Bool, opensBrowser: Bool, undone: String = "nothing was minted") {
        self.account = account
        self.readsPassword = readsPassword
        self.opensBrowser = opensBrowser
        self.undone = undone
    }

    /// The authentication dictionary to send next; for a stage in the browser the challenge alone, after a pause.
    mutating func answer(_ refusal: AgentError) throws -> AuthDictionary {
        guard let question = AuthQuestion(refusal) else { throw Failure(.refused(refusal)) }
        if let error = question.error {
            // Before the first answer of ours somebody else's was wrong, at the prompt for instance.
            if hasAnswered { refusals += 1 }
            // The next password would not be passed on.
            guard refusals == 0 || !readsPassword, refusals < Self.maximumTries, question.attemptsLeft != 0 else {
                var failure = Failure(.refused(refusal))
                failure.status = .denied
                throw failure
            }
            Output.complain(problem: error)
        }
        hasAnswered = true
        guard let stage = question.stage else { throw Failure(.refused(refusal)) }
        var auth: AuthDictionary = ["type": .string(stage), "challenge": .string(question.challenge)]
        switch stage {
        case "m.login.password":
            auth["password"] = .string(try password())
            auth["identifier"] = ["type": "m.id.user", "user": .string(account)]
        case "m.login.registration_token":
            auth["token"] = .string(try ask("Registration token: ", "a registration token"))
        case "m.login.terms": try agree(to: question.policies)
        case "m.login.dummy": break
        default: return try waitForBrowser(stage, question)
        }
        return auth
    }

    private func password() throws -> String {
        if readsPassword { return try StandardInput.line("password") }
        return try ask("Password of \(PlainText.word(account)): ", "your password", or: "; use --password-stdin")
    }

    private func ask(_ question: String, _ what: String, or advice: String = "") throws -> String {
        guard let terminal = Terminal() else {
            throw Failure(.noPrompt, "the homeserver wants \(what), and there is no terminal\(advice)")
        }
        guard let answer = terminal.ask(question, echoing: false), !answer.isEmpty else {
            throw Failure(.denied, "nothing was entered; \(undone)")
        }
        return answer
    }

    private func agree(to policies: [String]) throws {
        guard let terminal = Terminal() else {
            throw Failure(.noPrompt, "the homeserver wants you to agree to its terms, and there is no terminal")
        }
        Output.complain("The homeserver's terms:")
        for policy in policies { Output.complain("  \(policy)") }
        guard terminal.confirm("Do you agree?") else { throw Failure(.denied, "you did not agree; \(undone)") }
    }

    /// Sends the user to the page of a stage, once, and then lets time pass.
    private mutating func waitForBrowser(_ stage: String, _ question: AuthQuestion) throws -> AuthDictionary {
        guard let page = question.page(for: stage) else {
            throw Failure(.unsupported, "the homeserver wants \(PlainText.word(stage)), and has no page for it")
        }
        if page != self.page {
            self.page = page
            let isOpened = opensBrowser && Browser.open(page)
            let name = PlainText.word(stage)
            // The address is for this user alone: whoever completes it, mints.
            Output.complain(
                isOpened
                    ? "Confirm in the browser that it is you (\(name)); waiting for it."
                    : "Open this address in a browser, and confirm there that it is you (\(name)):\n  \(page)"
            )
        }
        // After the next pause the challenge would be gone, and nobody could be told why.
        let next = Moment.now.advanced(by: .microseconds(Int64(Self.pause)) + .seconds(1))
        if let expiresAt = question.expiresAt, expiresAt <= next {
            throw Failure(.timedOut, "nobody confirmed it in the browser in time; \(undone)")
        }
        usleep(Self.pause)
        return ["challenge": .string(question.challenge)]
    }
}
