internal import JetonAPI
public import NIOCore

extension EventLoop {
    /// What `Task.sleep` does, on this loop: a timer of libdispatch's would start a thread even after it was cancelled, and
    /// that one would wake the idle process from then on.
    public func pause(for time: Duration) async throws {
        // Rounded up, so that it is never too early.
        let end = scheduleTask(in: .milliseconds(Int64((time + .microseconds(999)).milliseconds))) {}
        try await withTaskCancellationHandler {
            try await end.futureResult.get()
        } onCancel: {
            end.cancel()
        }
    }
}
