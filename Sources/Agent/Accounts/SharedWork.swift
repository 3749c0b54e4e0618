internal import JetonAPI

/// Work that is done once, however many wait for it. Whoever is cancelled stops waiting at once; the work goes on.
struct SharedWork<Value: Sendable>: Sendable {
    private let task: Task<Result<Value, AgentError>, Never>

    init(_ work: @escaping @Sendable () async throws(AgentError) -> Value) {
        // Unstructured, as it outlives whoever began it.
        task = Task {
            do throws(AgentError) {
                return .success(try await work())
            } catch {
                return .failure(error)
            }
        }
    }

    /// What came of it.
    /// - Throws: what the work throws, or `withdrawn` when the caller is cancelled.
    func value() async throws(AgentError) -> Value {
        let (arrival, courier) = AsyncStream.makeStream(of: Result<Value, AgentError>.self)
        // Unstructured: waiting for another task cannot be cancelled, waiting for a stream can.
        Task {
            courier.yield(await task.value)
            courier.finish()
        }
        for await outcome in arrival { return try outcome.get() }
        throw .withdrawn
    }

    /// Waits for its end, whatever comes of it.
    func end() async { _ = await task.value }
}
