public import JetonAPI

/// What a question looks like in a pinentry.
public struct Dialog: Sendable, Equatable {
    public var text: String
    /// What was wrong with the last answer.
    public var error: String?
    /// What is typed in is asked for so; nil where there is only yes and no.
    public var prompt: String?
    public let agree = "_Allow"
    public let cancel = "_Cancel"
    public let title = "Jeton"

    public init(_ question: PromptQuestion) {
        var introduction =
            question.destination == nil
            ? "A program asks for a login token. Whoever has it signs in as you, once."
            : "A program on this machine wants to be signed in as you."
        if question.device != nil {
            introduction = "A program asks to sign a device of yours out: whoever has it can no longer act as you."
        }
        switch question.kind {
        case .password: prompt = "Password:"
        case .confirm: introduction += " Allow it?"
        case .unlock:
            introduction = "A program asks to unlock the agent, which mints login tokens again then. Allow it?"
        }
        // The first line has no word of others: some pinentries guess from it what kind of text this is.
        let facts = QuestionFacts(
            account: question.account,
            homeserver: question.homeserver,
            device: question.device,
            destination: question.destination,
            requester: question.requester,
            purpose: question.purpose
        )
        text = ([introduction, ""] + facts.lines).joined(separator: "\n")
        error = Self.error(question)
        if let left = question.attemptsLeft, question.isRepeated != true, question.kind == .password {
            text += "\n\n\(Self.tries(left)) left."
        }
    }

    /// The same for a terminal that has nothing but ASCII; longer it never is.
    public var inASCII: Dialog {
        var plain = self
        (plain.text, plain.error) = (Self.inASCII(text), error.map(Self.inASCII))
        return plain
    }

    private static func inASCII(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { plain, scalar in
            switch scalar {
            // In their place now stand ours.
            case "\"": plain += "'"
            case "“", "”": plain += "\""
            case "…": plain += "..."
            case "←": plain += "<-"
            case _ where scalar.isASCII: plain.unicodeScalars.append(scalar)
            default: plain += "?"
            }
        }
    }

    private static func error(_ question: PromptQuestion) -> String? {
        guard question.isRepeated == true else { return nil }
        return "That password was wrong" + (question.attemptsLeft.map { "; \(tries($0)) left." } ?? ".")
    }

    private static func tries(_ count: Int) -> String { count == 1 ? "1 try is" : "\(count) tries are" }
}
