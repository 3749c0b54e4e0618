internal import Agent
internal import Glibc
internal import JetonAPI
internal import Logging
internal import MatrixClient
internal import NIOCore
internal import NIOPosix
internal import RPCServer
internal import ServiceLifecycle
internal import Systemd
internal import UnixSignals

/// The agent at its sockets, with what goes on beside it, until it is told to stop.
struct ServedAgent {
    let agent: Agent
    let upkeep: Upkeep
    let desktop: DesktopWatch
    let reload: Reload
    let limits: CurrentLimits
    let transport: HTTPTransport
    let manager: ServiceManager
    /// Where what is put off is done.
    let loop: any EventLoop
    let logger: Logger

    /// Homeservers' answers that do not come by then are given up at a stop, and clients that do not read theirs a
    /// little later: before the service manager kills us.
    private static let patience = (homeservers: TimeAmount.seconds(8), clients: Duration.seconds(10))

    func run(at sockets: ServedSockets) async throws {
        let tables = [Caller.Socket.agent: agent.methods, .restricted: agent.restrictedMethods]
        let server = try RPCServer(
            listeningOn: sockets.descriptors.compactMap { name, descriptor in
                tables[name].map { .init(descriptor: descriptor, name: name, table: $0) }
            },
            limits: limits,
            uid: Int(geteuid()),
            identify: { try Peer(ofSocket: $0) },
            admitted: { agent.metrics.countConnection($0) },
            ebbed: {
                // Once all that went with them is freed; on a thread of its own, as it takes milliseconds.
                loop.scheduleTask(in: .seconds(1)) {
                    NIOThreadPool.singleton.submit { _ in ProcessMemory.giveBackFreed() }
                }
            }
        )
        agent.expectScreen()
        let accounts = await agent.accountCount
        manager.ready(status: Daemon.status(accounts))
        var places: Logger.Metadata = [
            "accounts": "\(accounts)", "storage": "\(agent.storage.rawValue)",
        ]
        places["socket"] = sockets.place(of: .agent).map { "\($0)" }
        places["restricted_socket"] = sockets.place(of: .restricted).map { "\($0)" }
        logger.info("serving", metadata: places)
        desktop.begin()
        let watchdog = Watchdog(manager, on: loop, through: server.perform)
        // What starting needed, and waiting does not; by then what was due at once has begun.
        loop.scheduleTask(in: .seconds(1)) { ProcessMemory.giveBackProgram() }
        let farewell = Farewell(manager: manager) {
            agent.announceStop()
            loop.scheduleTask(in: Self.patience.homeservers) { Task { try? await transport.shutdown() } }
        }
        var configuration = ServiceGroupConfiguration(
            // The last one is told first to stop.
            services: [
                .init(service: server), .init(service: UpkeepService(upkeep: upkeep, agent: agent)),
                .init(service: reload),
                .init(service: farewell),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = Self.patience.clients
        try await ServiceGroup(configuration: configuration).run()
        await agent.finish()
        watchdog?.cancel()
        try? await transport.shutdown()
        logger.info("stopped")
    }
}
