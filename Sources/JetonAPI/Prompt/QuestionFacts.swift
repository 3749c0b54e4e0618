/// What the user is told before agreeing, a line for each fact: the words are ours, and what others wrote stands in
/// quotes or behind its name.
public struct QuestionFacts: Sendable, Equatable {
    public let lines: [String]

    public init(
        account: String?,
        homeserver: String?,
        device: NamedDevice? = nil,
        destination: Destination?,
        requester: Requester?,
        purpose: String?
    ) {
        var lines: [String] = []
        if let account { lines.append("Account: \(PlainText(account, maximumBytes: 200))") }
        if let homeserver { lines.append("Homeserver: \(PlainText(homeserver, maximumBytes: 100))") }
        if let device { lines += Self.lines(device) }
        if let destination { lines += Self.lines(destination) }
        lines += Self.origin(requester, isForItself: destination == nil)
        // Others' words come last: however they are wrapped, what is attested stands above them.
        if let purpose { lines.append("For, in its own words: \(PlainText(purpose, maximumBytes: 150).quoted)") }
        self.lines = lines
    }

    /// The id is the homeserver's, the name is whatever its client chose.
    private static func lines(_ device: NamedDevice) -> [String] {
        let id = "Device: \(PlainText(device.deviceId, maximumBytes: 80))"
        guard let name = device.displayName else { return [id] }
        return [id, "That calls itself: \(PlainText(name, maximumBytes: 60).quoted)"]
    }

    /// Who will be signed in, as far as the kernel shows it to the agent.
    private static func lines(_ destination: Destination) -> [String] {
        guard let port = destination.port else {
            let opens = "Opened by the desktop: \(PlainText(destination.address, maximumBytes: 68))…"
            guard let application = destination.application else { return [opens] }
            return [opens, "With: \(PlainText(application, maximumBytes: 100).quoted)"]
        }
        var lines = ["Waits at: \(PlainText(destination.address, maximumBytes: 20)) port \(port)"]
        guard let pid = destination.pid else { return lines }
        lines[0] += ", process \(pid)"
        if let command = destination.command {
            lines.append("That calls itself: \(PlainText(command, maximumBytes: 40).quoted)")
        }
        return lines
    }

    /// What the kernel attests of the one who asks, apart from what it says of itself. Who started it is left out where
    /// it asks for another program: a line of Assuan has no room for both.
    private static func origin(_ requester: Requester?, isForItself: Bool) -> [String] {
        guard let requester else {
            return ["Who asks cannot be known: it came over the restricted socket, perhaps from another machine."]
        }
        var lines = [requester.attested]
        if let name = requester.ownName { lines.append("It calls itself: \(name)") }
        let parents = (requester.parents ?? []).map(\.command).joined(separator: " ← ")
        if !parents.isEmpty, isForItself {
            lines.append("Started by: \(PlainText(parents, maximumBytes: 110).quoted)")
        }
        return lines
    }
}

extension Requester {
    /// What the kernel says of it: `Process 4712 of user 1000, unit app-kitty-4000.scope`.
    public var attested: String {
        let process = "Process \(pid) of user \(uid)"
        return process + (unit.map { ", unit \(PlainText($0, maximumBytes: 80))" } ?? "")
    }

    /// What it says of itself, in quotes.
    public var ownName: String? { command.map { PlainText($0, maximumBytes: 40).quoted } }
}
