public struct SubscribeToEvents: Method, Equatable {
    public static let name = "event.subscribe"
    public static let summary = """
        Lets events be told on this connection from now on, as notifications with the method event: those of the types \
        given, else all. Further calls add types.
        """
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<SubscribeToEvents> {
        .init(SubscribeToEvents(types: [.loginTokenIssued, .rateLimitHit]), gives: Nothing())
    }

    public typealias Result = Nothing

    public var types: [EventType]?
    public init(types: [EventType]? = nil) { self.types = types }
}

public struct UnsubscribeFromEvents: Method, Equatable {
    public static let name = "event.unsubscribe"
    public static let summary = "Ends what event.subscribe began on this connection: for the types given, else for all."
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<UnsubscribeFromEvents> { .init(UnsubscribeFromEvents(), gives: Nothing()) }

    public typealias Result = Nothing

    public var types: [EventType]?
    public init(types: [EventType]? = nil) { self.types = types }
}
