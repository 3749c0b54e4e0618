import Dispatch
import JetonAPI
import Synchronization

/// An input of libFuzzer's as an array.
public func bytes(_ data: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    Array(UnsafeBufferPointer(start: data, count: count))
}

/// Ends the run with this input as the culprit.
public func demand(_ condition: Bool, _ sentence: @autoclosure () -> String) {
    if !condition { fatalError(sentence()) }
}

/// Waits for asynchronous work: libFuzzer knows only functions that return when all is done, and times them.
public func wait<Value: Sendable>(for work: @escaping @Sendable () async -> Value) -> Value {
    let result = Mutex<Value?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task.detached {
        let value = await work()
        result.withLock { $0 = value }
        done.signal()
    }
    done.wait()
    guard let value = result.withLock({ $0 }) else { fatalError("signalled without a result") }
    return value
}

/// What a fuzz target needs, made once; without it there is nothing to run.
public func prepared<Value>(_ make: () throws -> Value) -> Value {
    do { return try make() } catch { fatalError("\(error)") }
}

extension MethodTable {
    /// What is answered in the end.
    public func finalAnswer(to call: Call, for asker: Asker) -> [UInt8]? {
        switch answer(call, for: asker) {
        case .ready(let answer): answer
        case .pending(let work): wait { await work() }
        }
    }
}
