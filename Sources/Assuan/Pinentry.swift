internal import Glibc
public import JetonAPI
internal import SystemPackage

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

    /// Looks whether it can be run and speaks as a pinentry does, without a question.
    /// - Returns: what it calls itself, as in curses or gtk2:curses.
    /// - Throws: what is wrong with it, as a sentence without its full stop.
    public func check() throws(Unusable) -> String {
        let process: PinentryProcess
        do {
            process = try PinentryProcess(program, environment: environment)
        } catch {
            throw Unusable(reason: Self.sentence(error, program))
        }
        // Nobody can go away who waits for the answer: the other end is open as long as this runs.
        var ends: [CInt] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
            process.end()
            throw Unusable(reason: "there are too many open files")
        }
        defer { for end in ends { close(end) } }
        var conversation = AssuanConversation(process.descriptor, for: ends[0])
        let answer = Result { () throws(AssuanProblem) in
            let end = ContinuousClock.now.advanced(by: Self.comingUp)
            guard case .done = try conversation.hear(until: end) else { return AssuanReply.Event.inquiry }
            return try conversation.tell("GETINFO", "flavor", until: end)
        }
        process.end()
        switch answer {
        case .success(.done(let flavor)):
            return PlainText(String(decoding: flavor, as: UTF8.self), maximumBytes: 40).description
        // An old one, which does not know what it is called.
        case .success(.refused): return "of no name"
        case .success(.inquiry): throw Unusable(reason: "\(program) refuses to serve")
        case .failure(let problem): throw Unusable(reason: "\(program) \(Self.sentence(problem))")
        }
    }

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
            return .unavailable(Self.sentence(error, program))
        }
        let cure = cure(for: question)
        var session = Session(AssuanConversation(process.descriptor, for: client), question, cure: cure)
        let answer = Result { () throws(AssuanProblem) in try session.run() }
        process.end()
        if session.usesTerminal { terminal?.restore() }
        switch answer {
        case .success(.unavailable(let detail)): return .unavailable("\(program) \(detail)")
        case .success(let answer): return answer
        case .failure(.withdrawn): return nil
        case .failure(.silent) where session.hasAsked: return .timedOut
        case .failure(let problem):
            // Those for a desktop alone end at once where there is none.
            let advice = problem == .closed && !session.hasAsked ? "; \(cure)" : ""
            return .unavailable("\(program) \(Self.sentence(problem))\(advice)")
        }
    }

    /// What a pinentry refuses at all is mostly the lack of a place to show itself.
    private func cure(for question: PromptQuestion) -> String {
        let hasDisplay = ["DISPLAY", "WAYLAND_DISPLAY"].contains { environment[$0]?.isEmpty == false }
        return switch (hasDisplay, question.terminal != nil) {
        case (false, false):
            """
            there is neither a display nor a terminal. Run the command on a terminal; or in the desktop's session \
            `systemctl --user import-environment DISPLAY WAYLAND_DISPLAY`
            """
        case (true, false): "it may want a terminal: run the command on one, or install a pinentry for the desktop"
        case (_, true): "the terminal may have gone, or it wants a display"
        }
    }

    private static func sentence(_ problem: Errno, _ program: String) -> String {
        guard [.noSuchFileOrDirectory, .notDirectory].contains(problem) else {
            return "\(program) cannot be run: \(problem)"
        }
        return """
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
        /// What may help where it can show itself nowhere.
        private let cure: String
        private let start = ContinuousClock.now
        /// Whether the question stands before the user.
        private(set) var hasAsked = false
        /// Whether it may ask on the terminal: one with a window leaves that to whoever uses it.
        private(set) var usesTerminal = true
        /// Whether it takes whatever there is for its terminal, and the silence there for a no.
        private var needsTerminal = false

        init(_ conversation: AssuanConversation, _ question: PromptQuestion, cure: String) {
            self.cure = cure
            self.conversation = conversation
            self.question = question
            dialog = Dialog(question)
        }

        mutating func run() throws(AssuanProblem) -> PromptAnswer {
            guard case .done = try conversation.hear(until: comingUp) else { return .unavailable("refuses to serve") }
            for (name, value) in options { _ = try tell("OPTION", "\(name)=\(value)") }
            let buttons = try arrangement()
            guard !needsTerminal || question.terminal != nil else {
                return .unavailable("asks on a terminal alone; \(cure)")
            }
            var event = try ask(dialog, buttons)
            // Terminals over ssh often name a character set that is not there.
            if case .refused(.localeFailed)? = event { event = try ask(dialog.inASCII, buttons) }
            guard let event else { return .unavailable("refuses the words of the question") }
            let answer = buttons.meaning(of: event, hasPrompt: dialog.prompt != nil)
            guard case (.refused(.other), .unavailable(let problem)) = (event, answer) else { return answer }
            return .unavailable("\(problem); \(cure)")
        }

        /// - Returns: what the user said; nil where the question cannot be put in our words.
        private mutating func ask(
            _ dialog: Dialog,
            _ buttons: Buttons
        ) throws(AssuanProblem) -> AssuanReply.Event? {
            let texts = [
                ("SETTITLE", dialog.title), ("SETDESC", dialog.text), ("SETERROR", dialog.error),
                ("SETPROMPT", dialog.prompt), ("SETOK", buttons.ok), ("SETNOTOK", buttons.notOK),
                ("SETCANCEL", buttons.cancel), ("SETTIMEOUT", "\(max(1, question.deadlineMs / 1000))"),
            ]
            for case (let verb, let text?) in texts {
                switch try tell(verb, text) {
                case .done(let data) where data.isEmpty: continue
                case .done: throw .garbage
                // Without its words it would ask for anything.
                default: if ["SETDESC", "SETOK", "SETNOTOK"].contains(verb) { return nil }
                }
            }
            hasAsked = true
            let end = start.advanced(by: .milliseconds(question.deadlineMs) + Pinentry.grace)
            return try conversation.tell(dialog.prompt == nil ? "CONFIRM" : "GETPIN", until: end)
        }

        private mutating func tell(_ verb: String, _ argument: String?) throws(AssuanProblem) -> AssuanReply.Event {
            try conversation.tell(verb, argument, until: comingUp)
        }

        /// Whoever waits for an answer of one that never comes up learns that, and not that nobody has answered.
        private var comingUp: ContinuousClock.Instant {
            start.advanced(by: min(Pinentry.comingUp, .milliseconds(question.deadlineMs) + Pinentry.grace))
        }

        /// Those that a pinentry does not know it refuses, and does without.
        private var options: [(String, String)] {
            guard let terminal = question.terminal else { return [] }
            let all = [("ttyname", terminal.tty), ("ttytype", terminal.term), ("lc-ctype", terminal.lcCtype)]
            return all.compactMap { name, value in value.map { (name, Self.cut($0)) } }
        }

        /// So short that it fits on a line of the protocol, however it is escaped there.
        private static func cut(_ value: String) -> String {
            String(decoding: value.utf8.prefix(200), as: UTF8.self)
        }

        /// On a terminal the first button is the one that a stray Enter presses: there it must be Cancel, and a third
        /// button agrees. Others have a choice of their own, where Enter may not.
        private mutating func arrangement() throws(AssuanProblem) -> Buttons {
            var flavor: Substring?
            if case .done(let name) = try tell("GETINFO", "flavor") {
                flavor = String(decoding: name, as: UTF8.self).split(separator: ":").last
            }
            usesTerminal = flavor.map { ["curses", "tty"].contains($0) } ?? true
            needsTerminal = flavor == "tty"
            guard dialog.prompt == nil, flavor == "curses" else {
                return Buttons(ok: dialog.agree, cancel: dialog.cancel)
            }
            return Buttons(ok: dialog.cancel, notOK: dialog.agree, cancel: "_Refuse")
        }
    }
}

/// Why a pinentry is of no use: a sentence without its full stop.
public struct Unusable: Error {
    public let reason: String
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
        // Nothing was asked for that could come back.
        case .done(let bytes) where !bytes.isEmpty: return .unavailable("says what no pinentry says")
        case .done: return notOK == nil ? .agreed(nil) : .denied
        case .refused(.notConfirmed): return notOK == nil || hasPrompt ? .denied : .agreed(nil)
        case .refused(.cancelled): return .denied
        case .refused(.timedOut): return .timedOut
        case .refused(.localeFailed): return .unavailable("cannot write to the terminal in its character set")
        case .refused(.windowTooSmall):
            return .unavailable("finds the terminal too small for the question, or does not know its kind (TERM)")
        case .refused(.other(let code)): return .unavailable("cannot ask (error \(code))")
        case .inquiry: return .unavailable("wants to know something itself")
        }
    }
}
