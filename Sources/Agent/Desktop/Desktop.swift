public import JetonAPI

/// The user's desktop, by a program of its own: the agent itself reaches none.
public struct Desktop: Sendable {
    public var ask: @Sendable (DesktopTask) async -> DesktopAnswer

    public init(ask: @escaping @Sendable (DesktopTask) async -> DesktopAnswer) { self.ask = ask }
}
