public struct CancelRequest: Method, Equatable {
    public static let name = "request.cancel"
    public static let summary = """
        Cancels a request of this connection that is still under way: it is answered by the error cancelled. A request \
        that is answered already, or never was, is no error.
        """
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<CancelRequest> {
        .init(CancelRequest(id: RequestID(text: "7")), gives: Nothing())
    }

    public typealias Result = Nothing

    /// As it stands in the request that is meant, to the byte where it is a number.
    public var id: RequestID
    public init(id: RequestID) { self.id = id }
}
