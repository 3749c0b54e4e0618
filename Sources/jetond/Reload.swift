internal import Agent
internal import Logging
internal import NIOPosix
internal import ServiceLifecycle
internal import Systemd
internal import UnixSignals

/// Takes the configuration in anew at each SIGHUP: as a whole, or, where anything is wrong with it, not at all.
struct Reload: Service, CustomStringConvertible {
    var description: String { "Reload" }

    private let folder: String
    private let manager: ServiceManager
    private let logger: Logger
    private let apply: @Sendable (Configuration) async throws -> Void
    private let status: @Sendable () async -> String
    private let signals: UnixSignalsSequence

    /// From now on the signal is caught: newer service managers want that before READY.
    /// - Parameters:
    ///   - folder: where the configuration lies.
    ///   - manager: who is told.
    ///   - logger: where it is written down.
    ///   - apply: throws where a configuration cannot be used; then nothing has changed.
    ///   - status: what the service manager is to show again.
    init(
        folder: String,
        manager: ServiceManager,
        logger: Logger,
        apply: @escaping @Sendable (Configuration) async throws -> Void,
        status: @escaping @Sendable () async -> String
    ) async {
        self.folder = folder
        self.manager = manager
        self.logger = logger
        self.apply = apply
        self.status = status
        signals = await UnixSignalsSequence(trapping: .sighup)
    }

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            manager.reloading()
            do {
                // On a thread of its own: files are read.
                let configuration = try await NIOThreadPool.singleton.runIfActive { [folder] in
                    try Configuration.read(folder: folder)
                }
                try await apply(configuration)
                logger.notice("the configuration was read anew", metadata: ["event": "agent.reloaded"])
            } catch {
                logger.error("the old configuration stays: \(error)", metadata: ["event": "agent.reload_refused"])
            }
            manager.ready(status: await status())
        }
    }
}
