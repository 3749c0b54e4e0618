public struct Discover: Method, Equatable {
    public static let name = "rpc.discover"
    public static let summary = "Describes this API as an OpenRPC document."
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<Discover> {
        .init(Discover(), gives: ["openrpc": "1.3.2", "info": ["title": "Jeton", "version": "0.1.0"], "methods": []])
    }

    public typealias Result = JSONValue

    public init() {}
}
