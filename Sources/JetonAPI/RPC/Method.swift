/// A method, declared once: the daemon serves it, the command calls it, `rpc.discover` describes it.
/// The conforming type is the method's parameters; their names in JSON are the snake_case of the properties'.
public protocol Method: Codable, Sendable {
    associatedtype Result: Codable & Sendable

    static var name: String { get }
    static var summary: String { get }
    /// The errors of its own, besides the standard ones.
    static var errors: [AgentError.Kind] { get }
    static var example: MethodExample<Self> { get }
}

/// A call and its answer, for the documentation.
public struct MethodExample<M: Method> {
    public var params: M
    public var result: M.Result

    public init(_ params: M, gives result: M.Result) {
        self.params = params
        self.result = result
    }
}

/// The result of a method that has nothing to tell.
public struct Nothing: Codable, Sendable, Equatable {
    public init() {}
}
