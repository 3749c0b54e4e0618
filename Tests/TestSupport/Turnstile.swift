/// Lets a few do something at once, and the others wait in the order in which they came.
public actor Turnstile {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Swift.Never>] = []

    public init(atOnce count: Int) { free = count }

    public func pass<Result: Sendable>(_ work: @Sendable () async throws -> Result) async throws -> Result {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
        defer {
            if waiting.isEmpty {
                free += 1
            } else {
                waiting.removeFirst().resume()
            }
        }
        return try await work()
    }
}
