internal import JetonAPI
internal import Synchronization

/// The requests of one connection that take their time, so that a single one can be cancelled.
final class RunningRequests: Sendable {
    private let tasks = Mutex<[RequestID: [Int: Task<[UInt8]?, Never>]]>([:])
    private let lastNumber = Atomic(0)
    private let executor: EventLoopTaskExecutor

    init(on executor: EventLoopTaskExecutor) { self.executor = executor }

    /// Runs a request to its end, or until somebody cancels it.
    func run(_ id: RequestID?, _ work: @escaping @Sendable () async -> [UInt8]?) async -> [UInt8]? {
        guard let id else { return await work() }
        let number = lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
        // Unstructured, for a child of a group cannot be cancelled alone; with us it ends all the same.
        let task = Task(executorPreference: executor) { await work() }
        tasks.withLock { $0[id, default: [:]][number] = task }
        defer {
            tasks.withLock { tasks in
                tasks[id]?[number] = nil
                if tasks[id]?.isEmpty == true { tasks[id] = nil }
            }
        }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Cancels what runs under an id. False where there is nothing.
    func cancel(_ id: RequestID) -> Bool {
        let found = tasks.withLock { $0[id].map { Array($0.values) } ?? [] }
        for task in found { task.cancel() }
        return !found.isEmpty
    }
}
