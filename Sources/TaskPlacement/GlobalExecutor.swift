internal import CSwiftConcurrency
internal import NIOCore
internal import NIOPosix

/// Where the tasks and actors run that have no executor of their own.
public enum GlobalExecutor {
    /// Runs them on the one event loop of NIO's singleton from now on. Call it once, before there are tasks. One thread
    /// is enough: homeservers answer in milliseconds at best.
    ///
    /// On libdispatch's threads each step from a homeserver to an actor and back would wake another thread. They would
    /// also be counted once a second from their first use on, and an idle process would never sleep again.
    public static func moveToEventLoop() {
        NIOSingletons.groupLoopCountSuggestion = 1
        unsafe swift_task_enqueueGlobal_hook = { job, _ in
            let address = UInt(bitPattern: job)
            MultiThreadedEventLoopGroup.singleton.any().execute {
                guard let job = unsafe OpaquePointer(bitPattern: address) else { return }
                unsafe jeton_run(job)
            }
        }
    }
}
