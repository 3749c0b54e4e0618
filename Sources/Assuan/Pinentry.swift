public import JetonAPI

/// One question, put to the user by a pinentry.
public struct Pinentry {
    /// A whole path.
    let program: String
    let environment: [String: String]

    public init(_ program: String, environment: [String: String]) {
        self.program = program
        self.environment = environment
    }

    /// How long it may take to come up: it waits for nobody then.
    private static let comingUp = Duration.seconds(10)
    /// It ends the question by itself at its deadline, as far as it can; then by us.
    private static let grace = Duration.seconds(2)

    /// Asks; this blocks, until the deadline at the latest. Nothing is left of the pinentry then.
    /// - Parameters:
    ///   - question: what is asked.
    ///   - client: the connection of the one who wants to know; where it ends, the question is withdrawn.
    /// - Returns: nil where it was withdrawn.
    public func ask(_ question: PromptQuestion, for client: CInt) -> PromptAnswer? {
        let terminal = question.terminal.flatMap { TerminalState($0.tty) }
        let process: PinentryProcess
        do {
            process = try PinentryProcess(program, environment: environment)
        } catch {
            return .unavailable(error.isMissing ? Self.missing(program) : "\(program) cannot be run: \(error.reason)")
        }
        var session = Session(AssuanConversation(process.descriptor, for: client), question)
        let answer = Result { () throws(AssuanProblem) in try session.run() }
        process.end()
        terminal?.restore()
        switch answer {
        case .success(let answer): return explain(answer, question)
        case .failure(.withdrawn): return nil
        case .failure(.silent) where session.hasAsked: return .timedOut
        case .failure(let problem): return .unavailable("\(program) \(Self.sentence(problem))")
        }
    }

    /// What a pinentry refuses at all is mostly the lack of a place to show itself.
    private func explain(_ answer: PromptAnswer, _ question: PromptQuestion) -> PromptAnswer {
        guard case .unavailable(let detail) = answer else { return answer }
        let hasDisplay = ["DISPLAY", "WAYLAND_DISPLAY"].contains { environment[$0]?.isEmpty == false }
        let cure: String
        switch (hasDisplay, question.terminal != nil) {
        case (false, false):
            cure = """
                there is neither a display nor a terminal. Run the command on a terminal; or in the desktop's session \
                `systemctl --user import-environment DISPLAY WAYLAND_DISPLAY`
                """
        case (true, false):
            cure = "it may want a terminal: run the command on one, or install a pinentry for the desktop"
        case (_, true): cure = "the terminal may have gone, or it wants a display"
        }
        return .unavailable("\(program) \(detail); \(cure)")
    }

    private static func missing(_ program: String) -> String {
        """
        there is no \(program). Install pinentry-gnome3, pinentry-qt or pinentry-curses, or name another program in \
        config.json5 (pinentry)
        """
    }

    private static func sentence(_ problem: AssuanProblem) -> String {
        switch problem {
        case .closed: "has ended without an answer"
        case .garbage: "says what no pinentry says"
        case .tooMuch: "says more than a pinentry may"
        case .deaf, .silent, .withdrawn: "does not answer"
        }
    }

    /// The conversation from the greeting to the answer.
    struct Session {
        private var conversation: AssuanConversation
        private let question: PromptQuestion
        private let dialog: Dialog
        private let start = ContinuousClock.now
        /// Whether the question stands before the user.
        private(set) var hasAsked = false

        init(_ conversation: AssuanConversation, _ question: PromptQuestion) {
            self.conversation = conversation
            self.question = question
            dialog = Dialog(question)
        }

        mutating func run() throws(AssuanProblem) -> PromptAnswer {
            guard case .done = try conversation.hear(until: start.advanced(by: Pinentry.comingUp)) else {
                return .unavailable("refuses to serve")
            }
            for (name, value) in options { _ = try tell("OPTION", "\(name)=\(value)") }
            let buttons = try arrangement()
            let texts = [
                ("SETTITLE", dialog.title), ("SETDESC", dialog.text), ("SETERROR", dialog.error),
                ("SETPROMPT", dialog.prompt), ("SETOK", buttons.ok), ("SETNOTOK", buttons.notOK),
                ("SETCANCEL", buttons.cancel), ("SETTIMEOUT", "\(max(1, question.deadlineMs / 1000))"),
            ]
            for case (let verb, let text?) in texts {
                // Without its words it would ask for anything.
                guard case .done = try tell(verb, text) else {
                    if ["SETDESC", "SETOK", "SETNOTOK"].contains(verb) { return .unavailable("refuses \(verb)") }
                    continue
                }
            }
            hasAsked = true
            let end = start.advanced(by: .milliseconds(question.deadlineMs) + Pinentry.grace)
            let event = try conversation.tell(dialog.prompt == nil ? "CONFIRM" : "GETPIN", until: end)
            return buttons.meaning(of: event, hasPrompt: dialog.prompt != nil)
        }

        private mutating func tell(_ verb: String, _ argument: String?) throws(AssuanProblem) -> AssuanReply.Event {
            try conversation.tell(verb, argument, until: start.advanced(by: Pinentry.comingUp))
        }

        /// Those that a pinentry does not know it refuses, and does without.
        private var options: [(String, String)] {
            guard let terminal = question.terminal else { return [] }
            let all = [("ttyname", terminal.tty), ("ttytype", terminal.term), ("lc-ctype", terminal.lcCtype)]
            return all.compactMap { name, value in value.map { (name, String($0.prefix(200))) } }
        }

        /// On a terminal the first button is the one that a stray Enter presses: there it must be Cancel, and a third
        /// button agrees. Others have a choice of their own, where Enter may not.
        private mutating func arrangement() throws(AssuanProblem) -> Buttons {
            guard dialog.prompt == nil, case .done(let flavor) = try tell("GETINFO", "flavor") else {
                return Buttons(ok: dialog.agree, cancel: dialog.cancel)
            }
            guard String(decoding: flavor, as: UTF8.self).split(separator: ":").last == "curses" else {
                return Buttons(ok: dialog.agree, cancel: dialog.cancel)
            }
            return Buttons(ok: dialog.cancel, notOK: dialog.agree, cancel: "_Refuse")
        }
    }
}

/// Which button says what.
struct Buttons {
    var ok: String
    /// Where there is one, it is the one that agrees.
    var notOK: String?
    var cancel: String

    func meaning(of event: AssuanReply.Event, hasPrompt: Bool) -> PromptAnswer {
        switch event {
        case .done(let bytes) where hasPrompt:
            // Nothing typed is no password, and no yes.
            guard !bytes.isEmpty else { return .denied }
            guard let text = String(validating: bytes, as: UTF8.self) else { return .unavailable("has no UTF-8") }
            return .agreed(Secret(text))
        case .done: return notOK == nil ? .agreed(nil) : .denied
        case .refused(.notConfirmed): return notOK == nil || hasPrompt ? .denied : .agreed(nil)
        case .refused(.cancelled): return .denied
        case .refused(.timedOut): return .timedOut
        case .refused(.other(let code)): return .unavailable("cannot ask (error \(code))")
        case .inquiry: return .unavailable("wants to know something itself")
        }
    }
}
