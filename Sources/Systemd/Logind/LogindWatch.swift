public import SystemPackage

/// Follows what logind knows of the user's desktop (org.freedesktop.login1(5)): whether its screen is locked, and when
/// the machine wakes. It is told only of what concerns this user, so that other people's sessions wake nobody.
///
/// The screen is locked while each desktop of the user is: one that is open has somebody in front of it. Where no
/// session has a screen, the one counts that logind elects, as for a desktop that was started by hand on a terminal. A
/// session that ends takes its lock along. A service of the user is itself in no session.
public struct LogindWatch: Sendable {
    public enum News: Sendable, Equatable {
        case screen(isLocked: Bool)
        /// The machine was asleep.
        case woke
        /// Nobody calls itself logind; it may come.
        case absent
    }

    /// Calls a method, and gives the number of the call.
    public typealias Send = (BusCall) throws(Errno) -> UInt64

    private enum Question: Sendable {
        case owner
        case user
        case sessions
        case session(path: String)
    }

    /// One who has more cannot sit at all of them, and the bus keeps 512 rules at most for each of its clients.
    private static let mostSessions = 100

    /// The errors by which it is said that a user or a session is not there, or no longer.
    private static let namesOfGone: Set = [
        "org.freedesktop.login1.NoSuchUser", "org.freedesktop.login1.NoSuchSession",
        "org.freedesktop.DBus.Error.UnknownObject",
    ]

    private let uid: UInt32
    private var questions: [UInt64: Question] = [:]
    /// The unique name of logind; what others send is not from it.
    private var owner: String?
    /// The path of the user's object.
    private var user: String?
    /// By path.
    private var sessions: [String: LoginSession] = [:]
    /// What the bus was asked to tell, as rules.
    private var rules: Set<String> = []
    /// The path of the session that logind elects.
    private var elected: String?
    private var told: Bool?

    public init(uid: UInt32) { self.uid = uid }

    /// Asks for everything, over a new connection. What is known stays until there is an answer.
    public mutating func begin(_ send: Send) throws(Errno) {
        (questions, rules, owner, told) = ([:], [], nil, nil)
        try follow(Self.bus, "member='NameOwnerChanged',arg0='\(Self.logind)'", send)
        try follow(Self.logind, "path='\(Self.manager)',member='PrepareForSleep'", send)
        try ask(.owner, .init(Self.bus, Self.busPath, Self.bus, "GetNameOwner", [.string(Self.logind)]), send)
    }

    /// Takes a message in.
    /// - Returns: what is new by it.
    public mutating func hear(_ message: BusMessage, _ send: Send) throws(Errno) -> [News] {
        switch message.kind {
        case .signal(let path, let interface, let member):
            return try hear(path, "\(interface).\(member)", message, send)
        case .result(let call):
            guard let question = questions.removeValue(forKey: call) else { return [] }
            try take(message.arguments, for: question, send)
        case .failure(let call, let name):
            switch questions.removeValue(forKey: call) {
            case nil: return []
            case .owner:
                // What was locked is not forgotten: it may be there still when logind comes.
                told = false
                return [.screen(isLocked: false), .absent]
            // A logind on its way out has not said that something is over.
            case _? where !Self.namesOfGone.contains(name): break
            case .user:
                try keep([], send)
                // With the first session logind makes it, always at this path.
                try follow(user: "\(Self.manager)/user/_\(uid)", send)
            case .sessions: try keep([], send)
            case .session(let path): try drop(path, send)
            }
        case .other: return []
        }
        return questions.isEmpty ? tell() : []
    }

    private mutating func hear(
        _ path: String,
        _ name: String,
        _ message: BusMessage,
        _ send: Send
    ) throws(Errno) -> [News] {
        let arguments = message.arguments
        if message.sender == Self.bus, name == "\(Self.bus).NameOwnerChanged", arguments.first?.string == Self.logind {
            // Where it has gone, it is likely to be back at once.
            guard let owner = arguments.last?.string, !owner.isEmpty else { return [] }
            try meet(owner, send)
            return []
        }
        guard message.sender == owner else { return [] }
        switch name {
        case "\(Self.manager(of: "PrepareForSleep"))": return arguments.first?.boolean == false ? [.woke] : []
        case "\(Self.manager(of: "SessionRemoved"))":
            guard let path = arguments.last?.string, sessions[path] != nil else { return [] }
            try drop(path, send)
            try askForSessions(send)
        case "\(Self.properties).PropertiesChanged" where path == user:
            // Said whenever a session begins.
            guard arguments.count > 1, arguments[1].entries["Display"] != nil else { return [] }
            try askForSessions(send)
        case "\(Self.properties).PropertiesChanged":
            guard arguments.count > 1, sessions[path]?.change(arguments[1].entries) == true else { break }
            try askFor(path, send)
        case "\(Self.logind).Session.Lock": sessions[path]?.hear(isLocked: true)
        case "\(Self.logind).Session.Unlock": sessions[path]?.hear(isLocked: false)
        default: return []
        }
        // Before the first answers are complete, nothing is known.
        return told == nil ? [] : tell()
    }

    private mutating func take(
        _ arguments: [BusValue],
        for question: Question,
        _ send: Send
    ) throws(Errno) {
        let first = arguments.first
        switch question {
        case .owner: try meet(first?.string ?? "", send)
        case .user:
            guard let path = first?.string else { return }
            try follow(user: path, send)
            try askForSessions(send)
        case .sessions:
            let properties = first?.entries ?? [:]
            elected = properties["Display"]?.items.last?.string
            try keep(properties["Sessions"]?.items ?? [], send)
        case .session(let path): sessions[path]?.take(first?.entries ?? [:])
        }
    }

    /// logind is there, or there again.
    private mutating func meet(_ owner: String, _ send: Send) throws(Errno) {
        self.owner = owner
        (questions, told) = ([:], nil)
        for path in sessions.keys { sessions[path]?.outliveLogind() }
        try ask(.user, .init(Self.logind, Self.manager, Self.manager(of: nil), "GetUser", [.number(uid)]), send)
    }

    /// Wants to know when a session of the user's begins.
    private mutating func follow(user path: String, _ send: Send) throws(Errno) {
        user = path
        try follow(Self.logind, "path='\(path)',interface='\(Self.properties)'", send)
    }

    /// Follows these sessions, and no others.
    private mutating func keep(_ named: [BusValue], _ send: Send) throws(Errno) {
        let names = named.prefix(Self.mostSessions).compactMap { session -> (id: String, path: String)? in
            guard let id = session.items.first?.string, let path = session.items.last?.string else { return nil }
            return (id, path)
        }
        let paths = Set(names.map(\.path))
        for path in sessions.keys where !paths.contains(path) { try drop(path, send) }
        for (id, path) in names {
            sessions[path] = sessions[path] ?? LoginSession(id: id)
            for rule in Self.rules(of: id, path) { try follow(Self.logind, rule, send) }
            try askFor(path, send)
        }
    }

    private mutating func drop(_ path: String, _ send: Send) throws(Errno) {
        guard let session = sessions.removeValue(forKey: path) else { return }
        for rule in Self.rules(of: session.id, path) { try unfollow(Self.logind, rule, send) }
    }

    /// What is to be told, if it is new.
    private mutating func tell() -> [News] {
        let desktops = sessions.values.filter(\.isDesktop)
        let isLocked =
            if desktops.isEmpty {
                elected.flatMap { sessions[$0] }.map { $0.isOpen && $0.isLocked } ?? false
            } else {
                desktops.allSatisfy(\.isLocked)
            }
        guard isLocked != told else { return [] }
        told = isLocked
        return [.screen(isLocked: isLocked)]
    }
}

extension LogindWatch {
    private static let bus = "org.freedesktop.DBus"
    private static let busPath = "/org/freedesktop/DBus"
    private static let logind = "org.freedesktop.login1"
    private static let manager = "/org/freedesktop/login1"
    private static let properties = "org.freedesktop.DBus.Properties"

    /// The manager's interface, or one of its members.
    private static func manager(of member: String?) -> String { "\(logind).Manager\(member.map { ".\($0)" } ?? "")" }

    private mutating func askForSessions(_ send: Send) throws(Errno) {
        guard let user else { return }
        let interface = BusCall.Argument.string("\(Self.logind).User")
        try ask(.sessions, .init(Self.logind, user, Self.properties, "GetAll", [interface]), send)
    }

    private mutating func askFor(_ session: String, _ send: Send) throws(Errno) {
        let interface = BusCall.Argument.string("\(Self.logind).Session")
        try ask(.session(path: session), .init(Self.logind, session, Self.properties, "GetAll", [interface]), send)
    }

    private mutating func ask(_ question: Question, _ call: BusCall, _ send: Send) throws(Errno) {
        questions[try send(call)] = question
    }

    private static func rules(of session: String, _ path: String) -> [String] {
        ["path='\(path)'", "path='\(manager)',member='SessionRemoved',arg0='\(session)'"]
    }

    /// Lets the bus pass on what a service says, once.
    private mutating func follow(_ service: String, _ rest: String, _ send: Send) throws(Errno) {
        let rule = "type='signal',sender='\(service)',\(rest)"
        guard rules.insert(rule).inserted else { return }
        _ = try send(.init(Self.bus, Self.busPath, Self.bus, "AddMatch", [.string(rule)]))
    }

    private mutating func unfollow(_ service: String, _ rest: String, _ send: Send) throws(Errno) {
        let rule = "type='signal',sender='\(service)',\(rest)"
        guard rules.remove(rule) != nil else { return }
        _ = try send(.init(Self.bus, Self.busPath, Self.bus, "RemoveMatch", [.string(rule)]))
    }
}
