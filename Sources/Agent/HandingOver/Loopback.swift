public import JetonAPI

/// The programs of this machine that wait on loopback, and the way to them.
public struct Loopback: Sendable {
    /// A socket that listens.
    public struct Listener: Sendable, Equatable, Identifiable {
        /// By which of the two loopback addresses it is reached.
        public enum Reach: Sendable { case ipv4, ipv6, either }

        /// The kernel's number of the socket: what comes in its place has another one.
        public var id: Int
        public var reach: Reach
        /// Whether it belongs to the user whose agent this is.
        public var isOurs: Bool
        /// The process that holds it; nil where that cannot be seen, or was not looked for.
        public var pid: Int?
        public var command: String?
        public var unit: String?

        public init(
            _ id: Int,
            _ reach: Reach,
            isOurs: Bool,
            pid: Int? = nil,
            command: String? = nil,
            unit: String? = nil
        ) {
            self.id = id
            self.reach = reach
            self.isOurs = isOurs
            self.pid = pid
            self.command = command
            self.unit = unit
        }
    }

    /// What became of a login token that was brought to one.
    public enum Delivery: Sendable, Equatable {
        case answered(status: Int)
        /// There was no connection.
        case unreachable
        /// Nothing was sent, as the check failed.
        case withheld
        /// Nothing was sent, as whoever asked for it has gone.
        case abandoned
        /// The token was sent, and no answer came.
        case unanswered
    }

    /// Those that are reached at a port; which process holds them takes longer, and is told where it is asked for.
    public var listeners: @Sendable (_ port: Int, _ namingProcesses: Bool) async -> [Listener]
    /// Whether it is the user who has accepted a connection of ours, known by the port where it comes from; nil while
    /// nobody has.
    public var isAcceptedByUs: @Sendable (_ port: Int, _ ownPort: Int, _ isIPv6: Bool) async -> Bool?
    /// Brings a token, once, by the one address or the other; `check` is asked when there is a connection, and is told
    /// the port where that comes from.
    public var deliver:
        @Sendable (
            Secret, LoopbackRedirect, _ isIPv6: Bool, _ check: @Sendable (_ ownPort: Int) async -> Bool
        ) async -> Delivery

    public init(
        listeners: @escaping @Sendable (_ port: Int, _ namingProcesses: Bool) async -> [Listener],
        isAcceptedByUs: @escaping @Sendable (_ port: Int, _ ownPort: Int, _ isIPv6: Bool) async -> Bool?,
        deliver:
            @escaping @Sendable (
                Secret, LoopbackRedirect, _ isIPv6: Bool, _ check: @Sendable (_ ownPort: Int) async -> Bool
            ) async -> Delivery
    ) {
        self.listeners = listeners
        self.isAcceptedByUs = isAcceptedByUs
        self.deliver = deliver
    }
}

extension Loopback {
    /// The listener of ours that a redirect leads to.
    struct Found: Sendable {
        var listener: Listener
        var isIPv6: Bool
        /// Whether the other address may be the one: a listener for all of them may be there for IPv6 alone, which does
        /// not show.
        var mayBeElsewhere = false
    }

    /// Whose listener a redirect leads to: loopback is every user's.
    /// - Throws: `forbidden`, where nobody listens, or somebody else.
    func find(_ redirect: LoopbackRedirect, namingProcess: Bool = false) async throws(AgentError) -> Found {
        let all = await listeners(redirect.port, namingProcess)
        let candidates = redirect.families.map { isIPv6 in (isIPv6, Self.reached(by: isIPv6, all)) }
        // For a name with two addresses the one at which our listener is; the other one need not be anybody's.
        for (isIPv6, listeners) in candidates {
            if let first = listeners.first, listeners.allSatisfy(\.isOurs) {
                let mayBeElsewhere = first.reach == .either && redirect.families.count > 1
                return Found(listener: first, isIPv6: isIPv6, mayBeElsewhere: mayBeElsewhere)
            }
        }
        let isTaken = candidates.contains { !$0.1.isEmpty }
        throw .notOurListener(at: redirect, isTaken ? .foreign : .missing)
    }

    /// What the user agreed to is the program that waited then.
    /// - Throws: `forbidden`, where another one waits by now, or none.
    func require(_ found: Found, at redirect: LoopbackRedirect) async throws(AgentError) {
        guard try await find(redirect).listener.id == found.listener.id else {
            throw .notOurListener(at: redirect, .replaced)
        }
    }

    /// Whether the user is at the other end of a connection of ours to a listener that was found.
    func isOurs(at redirect: LoopbackRedirect, _ found: Found, from ownPort: Int) async -> Bool {
        if let isOurs = await isAcceptedByUs(redirect.port, ownPort, found.isIPv6) { return isOurs }
        // Connected already: a listener that is still there now is the one that will accept.
        let reached = Self.reached(by: found.isIPv6, await listeners(redirect.port, false))
        if reached.first?.id == found.listener.id, reached.allSatisfy(\.isOurs) { return true }
        // A client that waits for one visit listens no more once it has accepted that (libQuotient).
        return await isAcceptedByUs(redirect.port, ownPort, found.isIPv6) ?? false
    }

    /// A connection goes to a socket of the very address, and to one that is there for all only where there is none.
    private static func reached(by isIPv6: Bool, _ all: [Listener]) -> [Listener] {
        let exact = all.filter { $0.reach == (isIPv6 ? .ipv6 : .ipv4) }
        return exact.isEmpty ? all.filter { $0.reach == .either } : exact
    }
}

extension LoopbackRedirect {
    /// The addresses to try, as whether they are of IPv6.
    fileprivate var families: [Bool] {
        switch host {
        case .localhost: [false, true]
        case .ipv4: [false]
        case .ipv6: [true]
        }
    }
}
