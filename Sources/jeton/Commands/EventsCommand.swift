internal import ArgumentParser
internal import FoundationEssentials
internal import JetonAPI
internal import RPCClient

struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Follows what happens in the agent, a line for each event, until it stops.",
        discussion: """
            Without --types it shows all. With --json each line is a JSON object. A reader that is too slow misses \
            events and is told how many (events.missed). jeton-rpc(7) describes what each event tells.
            """
    )

    @Option(
        parsing: .upToNextOption,
        help: "The types of events, as in login_token.issued.",
        completion: .list(EventType.allCases.map(\.rawValue)),
        transform: type(named:)
    )
    var types: [EventType] = []

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let agent = try shared.connect()
        _ = try agent.call(SubscribeToEvents(types: types.isEmpty ? nil : types))
        while let notification = try agent.nextNotification() {
            let params = try? JSONDecoder().decode(JSONValue.self, from: Data(notification.params))
            guard let params, case .object(let members) = params else {
                throw Failure(.failed, "the agent's event is not JSON")
            }
            if shared.json { Output.say(jsonLine: params) } else { Output.say(Self.line(members)) }
        }
        throw Failure(.agentUnreachable, "the agent has stopped")
    }

    private static func type(named name: String) throws -> EventType {
        guard let type = EventType(rawValue: name) else {
            let known = EventType.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\(name) is no type of event; known: \(known).")
        }
        return type
    }

    /// When, what, and the rest by name.
    private static func line(_ members: [String: JSONValue]) -> String {
        let head = ["at", "type"].compactMap { members[$0]?.stringValue }
        let rest = members.filter { !["at", "type"].contains($0.key) }.sorted { $0.key < $1.key }
        return (head + rest.map { "\($0.key)=\(text(of: $0.value))" }).joined(separator: "  ")
    }

    /// Whatever others chose in it stands in quotes.
    private static func text(of value: JSONValue) -> String {
        switch value {
        case .null: return "null"
        case .boolean(let truth): return "\(truth)"
        case .integer(let number): return "\(number)"
        case .number(let number): return "\(number)"
        case .string(let text): return PlainText.word(text)
        case .array(let elements): return "[\(elements.map(text).joined(separator: ", "))]"
        case .object(let members):
            if let requester = requester(value) { return requester.words }
            let pairs = members.sorted { $0.key < $1.key }.map { "\($0.key)=\(text(of: $0.value))" }
            return "{\(pairs.joined(separator: ", "))}"
        }
    }

    private static func requester(_ value: JSONValue) -> Requester? {
        guard let data = try? JSONCoding.encoder().encode(value) else { return nil }
        return try? JSONCoding.decoder().decode(Requester.self, from: data)
    }
}
