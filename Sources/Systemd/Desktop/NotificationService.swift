internal import SystemPackage

/// What shows notifications on the user's desktop (Desktop Notifications Specification 1.2, org.freedesktop.Notifications).
public struct NotificationService {
    public struct Notification: Sendable, Equatable {
        /// One line, as it is.
        public var summary: String
        /// Lines; where the service reads markup there, it must be written as such.
        public var body: String
        /// Buttons, each by its name and its label.
        public var actions: [(name: String, label: String)] = []
        /// The number of the one whose place it takes.
        public var replacing: UInt32 = 0
        /// How long it stands; nil: as long as the service likes.
        public var life: Duration?

        public init(_ summary: String, _ body: String) {
            self.summary = summary
            self.body = body
        }

        public static func == (one: Self, other: Self) -> Bool {
            one.summary == other.summary && one.body == other.body && one.replacing == other.replacing
                && one.life == other.life && one.actions.elementsEqual(other.actions, by: ==)
        }
    }

    /// How one has ended.
    public enum Ending: Sendable, Equatable {
        /// The user has pressed this button.
        case pressed(String)
        /// Dismissed, replaced, or over; or the service itself is gone.
        case closed
        /// It stands still.
        case late
    }

    private let bus: SessionBus
    /// The service's own name on the bus: anybody may send a signal that looks like one of its.
    private let owner: String
    private let capabilities: Set<String>

    private static let name = "org.freedesktop.Notifications"
    private static let path = "/org/freedesktop/Notifications"
    /// Where it does not run it is started first.
    private static let patience = Duration.seconds(10)

    /// - Throws: that there is no bus, or nobody who shows anything.
    public init() throws(SessionBus.Failure) {
        bus = try SessionBus()
        let all = try bus.call(Self.call("GetCapabilities", []), within: Self.patience)
        capabilities = Set((all.first?.items ?? []).compactMap(\.string))
        owner = try bus.owner(of: Self.name)
        try bus.watch("type='signal',sender='\(Self.name)',interface='\(Self.name)'")
        try bus.watch("type='signal',sender='\(SessionBus.busName)',member='NameOwnerChanged',arg0='\(Self.name)'")
    }

    public var hasButtons: Bool { capabilities.contains("actions") }

    /// Text as it stands in a body. Angle brackets must not be in it.
    public func bodyText(_ text: String) -> String {
        capabilities.contains("body-markup") ? text.replacing("&", with: "&amp;") : text
    }

    /// - Returns: its number.
    public func show(_ notification: Notification) throws(SessionBus.Failure) -> UInt32 {
        let actions = hasButtons ? notification.actions.flatMap { [$0.name, $0.label] } : []
        let result = try bus.call(
            Self.call(
                "Notify",
                [
                    .string("Jeton"), .number(notification.replacing), .string("dialog-password"),
                    .string(notification.summary), .string(notification.body), .list(actions),
                    .variants(["category": .string("device")]),
                    .integer(notification.life.map { Int32(clamping: $0.components.seconds * 1000) } ?? -1),
                ]
            ),
            within: Self.patience
        )
        guard case .integer(let number)? = result.first, let number = UInt32(exactly: number) else {
            throw .broken(.badMessage)
        }
        return number
    }

    /// Waits for the end of one.
    public func ending(of number: UInt32, until deadline: ContinuousClock.Instant) throws(SessionBus.Failure) -> Ending
    {
        while let message = try bus.nextMessage(until: deadline) {
            guard case .signal(_, let interface, let member) = message.kind else { continue }
            switch (message.sender, interface, member) {
            case (SessionBus.busName, SessionBus.busName, "NameOwnerChanged"): return .closed
            case (owner, Self.name, "ActionInvoked") where message.concerns(number):
                return .pressed(message.arguments.dropFirst().first?.string ?? "")
            case (owner, Self.name, "NotificationClosed") where message.concerns(number): return .closed
            default: continue
            }
        }
        return .late
    }

    private static func call(_ member: String, _ arguments: [BusCall.Argument]) -> BusCall {
        BusCall(name, path, name, member, arguments)
    }
}

extension BusMessage {
    fileprivate func concerns(_ number: UInt32) -> Bool { arguments.first == .integer(Int64(number)) }
}
