internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct PendingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pending",
        abstract: "Lists the questions that wait for you, and can be answered from here."
    )

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let result = try shared.connect().call(ListConsents())
        guard !shared.json else { return Output.say(json: result) }
        guard !result.consents.isEmpty else { return Output.complain("Nothing waits for you.") }
        Output.table(
            // What others wrote comes last: nothing that it says can look like a column.
            ["ID", "SINCE", "ACCOUNT", "WANTS", "ASKED BY", "THAT CALLS ITSELF", "PURPOSE"],
            result.consents.map { consent in
                [
                    consent.consentId, "\(consent.requestedAt)", consent.account.map(PlainText.word) ?? "",
                    consent.wants.word,
                    consent.requester?.attested ?? "unknown (restricted socket)", consent.requester?.ownName ?? "",
                    consent.aim,
                ]
            }
        )
    }
}

struct ApproveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Says yes to a question that waits for you elsewhere.",
        discussion: """
            `jeton pending` lists the questions. You are shown who asks for what, and then asked here for your yes, or \
            for what the homeserver wants to know. A yes counts only from another unit, login session or terminal than \
            that of the program that asks. The login token goes to that program, never here. Where systemd knows \
            neither unit nor session, as in a container, a program that opens a second terminal can say yes for \
            itself.

            Without ID it waits for questions, and asks you each one as it comes, until Ctrl-C. While it does, \
            questions wait for it where the agent can have no prompt of its own, as on a server without display and \
            pinentry.
            """
    )

    @Argument(help: "The question, as in the list.")
    var id: String?

    @Flag(help: "Read the password from standard input, where the homeserver wants one.")
    var passwordStdin = false

    @Flag(help: "Print addresses, instead of opening a browser.")
    var noBrowser = false

    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard !passwordStdin || id != nil else { throw ValidationError("--password-stdin needs the ID of a question.") }
    }

    func run() throws {
        let agent = try shared.connect()
        guard let id else { return try answerAll(by: agent) }
        let waiting = try agent.call(ListConsents()).consents
        guard let consent = waiting.first(where: { $0.consentId == id }) else {
            throw Failure(.failed, "\(id) is no question that waits; it may have been answered or withdrawn meanwhile")
        }
        var approval = approval(by: agent)
        try approval.run(consent)
        if shared.json { Output.say(json: Nothing()) } else { Output.say("Approved.") }
    }

    private func approval(by agent: RPCClient) -> Approval {
        Approval(agent: agent, readsPassword: passwordStdin, opensBrowser: !noBrowser)
    }

    private func answerAll(by agent: RPCClient) throws {
        // Whoever waits for questions has them wait, too.
        guard Terminal() != nil else { throw Approval.withoutTerminal }
        _ = try agent.call(SubscribeToEvents(types: [.consentRequested]))
        Output.complain("Waiting for questions; Ctrl-C ends this.")
        var asked: Set<String> = []
        repeat {
            for consent in try agent.call(ListConsents()).consents
            where consent.prompt == .agent && asked.insert(consent.consentId).inserted {
                answer(consent, by: agent)
            }
        } while try agent.nextNotification() != nil
        throw Failure(.agentUnreachable, "the agent has stopped")
    }

    /// What comes of one question does not end the others.
    private func answer(_ consent: PendingConsent, by agent: RPCClient) {
        do {
            var approval = approval(by: agent)
            try approval.run(consent)
            Output.say("\(consent.consentId): approved.")
        } catch let problem as RPCClient.Problem {
            Output.complain(problem: problem.description)
        } catch let failure as Failure {
            if failure.status == .denied { _ = try? agent.call(DenyConsent(consentId: consent.consentId)) }
            Output.complain(problem: failure.message)
        } catch {
            Output.complain(problem: "\(error)")
        }
    }
}

struct DenyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny",
        abstract: "Says no to a question that waits for you elsewhere."
    )

    @Argument(help: "The question, as in the list.")
    var id: String

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let agent = try shared.connect()
        do {
            let result = try agent.call(DenyConsent(consentId: id))
            guard !shared.json else { return Output.say(json: result) }
            Output.say("Denied.")
        } catch {
            throw Failure(goneQuestion: error) ?? error
        }
    }
}

extension PendingConsent {
    /// What it is for: in quotes what others say.
    fileprivate var aim: String {
        guard let device else { return purpose.map(PlainText.quoted) ?? "" }
        let name = device.displayName.map { " that calls itself \(PlainText.quoted($0))" } ?? ""
        return "signing out \(PlainText.quoted(device.deviceId))\(name)"
    }
}

extension PendingConsent.Wants {
    fileprivate var word: String {
        switch self {
        case .consent: "yes or no"
        case .auth: "password or the like"
        case .unlock: "unlocking"
        }
    }
}
