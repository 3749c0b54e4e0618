/// Waits for so long, and throws as soon as its task is cancelled. `Task.sleep` does so too, but with libdispatch, which
/// wakes an idle process once a second from the first time on.
public typealias Pause = @Sendable (_ time: Duration) async throws -> Void
