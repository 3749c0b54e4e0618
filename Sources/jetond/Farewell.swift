internal import ServiceLifecycle
internal import Systemd

/// Says that we stop, as the first thing of a stop.
struct Farewell: Service, CustomStringConvertible {
    var description: String { "Farewell" }

    let manager: ServiceManager
    let began: @Sendable () -> Void

    func run() async throws {
        try await gracefulShutdown()
        manager.stopping(status: "Finishing the answers under way")
        began()
    }
}
