/// The process that asked: its numbers and where it belongs as the kernel attests them, its name as it calls itself.
public struct Requester: Codable, Sendable, Equatable {
    /// A process that started the one that asked, or started that one.
    public struct Parent: Codable, Sendable, Equatable {
        public var pid: Int
        public var command: String

        public init(pid: Int, command: String) {
            self.pid = pid
            self.command = command
        }
    }

    public var pid: Int
    public var uid: Int
    /// Nil where the process had gone before it was looked at, and so for all that follows.
    public var command: String?
    public var unit: String?
    public var session: String?
    /// The nearest first.
    public var parents: [Parent]?
    /// The terminal that controls it: for the agent's own use, and told to nobody.
    public var terminal: String?

    private enum CodingKeys: CodingKey { case pid, uid, command, unit, session, parents }

    public init(
        pid: Int,
        uid: Int,
        command: String? = nil,
        unit: String? = nil,
        session: String? = nil,
        parents: [Parent]? = nil,
        terminal: String? = nil
    ) {
        self.pid = pid
        self.uid = uid
        self.command = command
        self.unit = unit
        self.session = session
        self.parents = parents
        self.terminal = terminal
    }

    /// For the journal: `jeton (4712) ← bash ← kitty`.
    public var lineage: String {
        ([Self.own(command, "\(pid)")] + (parents ?? []).map(\.command)).joined(separator: Self.arrow)
    }

    /// For people, what processes call themselves in quotes: `“jeton” (4712) ← “bash ← kitty”`.
    public var words: String { Self.words(command, pid: "\(pid)", lineage: lineage) }

    /// The same of what the journal has.
    public static func words(_ command: String?, pid: String, lineage: String?) -> String {
        let own = self.own(command.map(PlainText.quoted), pid)
        let before = self.own(command, pid) + arrow
        guard let lineage, lineage.hasPrefix(before) else { return own }
        return own + arrow + PlainText.quoted(String(lineage.dropFirst(before.count)))
    }

    private static func own(_ name: String?, _ pid: String) -> String {
        "\(name ?? "a process that has gone") (\(pid))"
    }

    private static let arrow = " ← "

    static var example: Requester {
        Requester(
            pid: 4712,
            uid: 1000,
            command: "jeton",
            unit: "app-kitty-4000.scope",
            session: "2",
            parents: [Parent(pid: 4020, command: "bash"), Parent(pid: 4000, command: "kitty")]
        )
    }
}
