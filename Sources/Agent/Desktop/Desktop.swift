public import JetonAPI

/// The user's desktop, by a program of its own: the agent itself reaches none.
public struct Desktop: Sendable {
    /// Shows the user a notification, and says once it is there.
    public var tell: @Sendable (LoginTokenRedeemed) async -> DesktopAnswer

    public init(tell: @escaping @Sendable (LoginTokenRedeemed) async -> DesktopAnswer) { self.tell = tell }
}
