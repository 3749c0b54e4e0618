/// A log-in session of the user, as far as its screen is concerned (org.freedesktop.login1(5), "Session Objects").
struct LoginSession: Sendable, Equatable {
    let id: String
    /// Whether the user is logged in by it: other classes are greeters, cron jobs and the user's own service manager.
    private var isOfUser = false
    private var isGraphical = false
    private var isClosing = false
    /// What the desktop says of itself, where it does.
    private var hint = false
    /// The desktop was told to lock the screen, and has not said since how it is. Many lockers never do.
    private var isToldToLock = false

    init(id: String) { self.id = id }

    var isLocked: Bool { hint || isToldToLock }

    /// Whether somebody may sit at it.
    var isOpen: Bool { isOfUser && !isClosing }

    /// Whether it has a screen.
    var isDesktop: Bool { isOpen && isGraphical }

    /// All properties, as they are now.
    mutating func take(_ properties: [String: BusValue]) {
        isOfUser = properties["Class"]?.string == "user"
        isGraphical = ["x11", "wayland", "mir"].contains(properties["Type"]?.string)
        isClosing = properties["State"]?.string == "closing"
        // That it says no is no news: a desktop that never says yes says so too.
        hint = properties["LockedHint"]?.boolean ?? false
        if hint { isToldToLock = false }
    }

    /// logind was restarted: what the desktop has said of itself is forgotten there, and not said again.
    mutating func outliveLogind() { isToldToLock = isLocked }

    /// Properties that have changed.
    /// - Returns: whether it must be looked at anew.
    mutating func change(_ properties: [String: BusValue]) -> Bool {
        if let hint = properties["LockedHint"]?.boolean {
            self.hint = hint
            isToldToLock = false
        }
        return !["Active", "Class", "State", "Type"].allSatisfy { properties[$0] == nil }
    }

    /// The session was told to lock or unlock its screen.
    mutating func hear(isLocked: Bool) {
        isToldToLock = isLocked
        // Whoever unlocks means it, whatever was said before.
        if !isLocked { hint = false }
    }
}
