public import JetonAPI

/// What a question looks like: the words are ours, and what others wrote stands in quotes or behind its name.
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
        var lines = [introduction, ""]
        if let account = question.account { lines.append("Account: \(PlainText(account, maximumBytes: 200))") }
        if let address = question.homeserver { lines.append("Homeserver: \(PlainText(address, maximumBytes: 100))") }
        if let device = question.device { lines += Self.lines(device) }
        if let destination = question.destination { lines += Self.lines(destination) }
        lines += Self.origin(question.requester, isForItself: question.destination == nil)
        // Others' words come last: however they are wrapped, what is attested stands above them.
        if let purpose = question.purpose {
            lines.append("For, in its own words: “\(PlainText(purpose, maximumBytes: 150))”")
        }
        text = lines.joined(separator: "\n")
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

    /// The id is the homeserver's, the name is whatever its client chose.
    private static func lines(_ device: NamedDevice) -> [String] {
        let id = "Device: \(PlainText(device.deviceId, maximumBytes: 80))"
        guard let name = device.displayName else { return [id] }
        return [id, "That calls itself: “\(PlainText(name, maximumBytes: 60))”"]
    }

    /// Who will be signed in, as far as the kernel shows it to the agent.
    private static func lines(_ destination: Destination) -> [String] {
        guard let port = destination.port else {
            let opens = "Opened by the desktop: \(PlainText(destination.address, maximumBytes: 68))…"
            return [opens] + (destination.application.map { ["With: “\(PlainText($0, maximumBytes: 100))”"] } ?? [])
        }
        var lines = ["Waits at: \(PlainText(destination.address, maximumBytes: 20)) port \(port)"]
        guard let pid = destination.pid else { return lines }
        lines[0] += ", process \(pid)"
        if let command = destination.command {
            lines.append("That calls itself: “\(PlainText(command, maximumBytes: 40))”")
        }
        return lines
    }

    /// What the kernel attests of the one who asks, apart from what it says of itself. Who started it is left out where
    /// it asks for another program: a line of Assuan has no room for both.
    private static func origin(_ requester: Requester?, isForItself: Bool) -> [String] {
        guard let requester else {
            return ["Who asks cannot be known: it came over the restricted socket, perhaps from another machine."]
        }
        var process = "Process \(requester.pid) of user \(requester.uid)"
        if let unit = requester.unit { process += ", unit \(PlainText(unit, maximumBytes: 80))" }
        var lines = [process]
        if let command = requester.command {
            lines.append("It calls itself: “\(PlainText(command, maximumBytes: 40))”")
        }
        let parents = (requester.parents ?? []).map(\.command).joined(separator: " ← ")
        if !parents.isEmpty, isForItself { lines.append("Started by: “\(PlainText(parents, maximumBytes: 110))”") }
        return lines
    }
}
