internal import Agent
internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import Logging
internal import MatrixClient
internal import NIOCore
internal import NIOPosix
internal import Privacy
internal import RPCServer
internal import SSOCallback
internal import ServiceLifecycle
internal import Systemd
internal import UnixSignals
internal import Vault

/// Joins the agent with its socket, its homeservers and its service manager.
struct Daemon {
    let options: Jetond
    let sockets: PassedSockets

    /// Homeservers' answers that do not come by then are given up at a stop, and clients that do not read theirs a
    /// little later: before the service manager kills us.
    private static let patience = (homeservers: TimeAmount.seconds(8), clients: Duration.seconds(10))

    func run() async throws {
        let logger = Logger(label: "jetond")
        do {
            try ProcessPrivacy.begin()
            try ProcessPrivacy.forbidCores()
            try ProcessLimits.raiseDescriptorLimit()
        } catch {
            logger.warning("ignoring that a protection cannot be had", metadata: ["error": "\(error)"])
        }
        LockedMemory.prepare()
        let manager = ServiceManager()
        let folders = try Folders(state: options.state, configuration: options.config)
        let configuration = try Configuration.read(folder: folders.configuration)
        let folder = try StateFolder(
            path: folders.state,
            setting: configuration.storage,
            credential: .read(from: ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"])
        )
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let transport = try transport(configuration, on: loop)
        do {
            let upkeep = try await Upkeep(on: loop, logger: logger)
            let agent = try Agent(
                configuration: configuration,
                folder: folder,
                transport: transport,
                listen: { path, life in try await CallbackListener.open(path: path, on: loop, for: life) },
                surroundings: surroundings(manager, upkeep, folder, on: loop),
                logger: logger
            )
            let desktop = DesktopWatch(on: loop, logger: logger) { news in
                switch news {
                case .screen(let isLocked): agent.noteScreen(isLocked: isLocked)
                case .woke: upkeep.noteWake()
                case .absent: break
                }
            }
            let limits = CurrentLimits(configuration.socket)
            let reload = await Reload(
                folder: folders.configuration,
                manager: manager,
                logger: logger,
                apply: { [old = configuration] configuration in
                    // On a thread of its own: a file is read.
                    try await NIOThreadPool.singleton.runIfActive {
                        try ConfigurationCheck.checkCertificates(configuration)
                        try transport.trust(caFile: configuration.caFile)
                    }
                    await agent.apply(configuration)
                    limits.replace(with: configuration.socket)
                    if configuration.restrictedSocket != old.restrictedSocket {
                        logger.notice("restricted_socket has changed; that holds from the agent's next start on")
                    }
                    if configuration.storage != old.storage {
                        logger.notice("storage has changed; that holds from the agent's next start on")
                    }
                    desktop.begin()
                },
                status: { await Self.status(agent.accountCount) }
            )
            try await serve(agent, upkeep, desktop, reload, configuration, limits, transport, manager, on: loop, logger)
        } catch {
            try? await transport.shutdown()
            throw error
        }
    }

    private func serve(
        _ agent: Agent,
        _ upkeep: Upkeep,
        _ desktop: DesktopWatch,
        _ reload: Reload,
        _ configuration: Configuration,
        _ limits: CurrentLimits,
        _ transport: HTTPTransport,
        _ manager: ServiceManager,
        on loop: any EventLoop,
        _ logger: Logger
    ) async throws {
        let served = try ServedSockets(
            passed: sockets,
            option: options.socket,
            restricted: configuration.restrictedSocket
        )
        defer { served.remove() }
        let tables = [Caller.Socket.agent: agent.methods, .restricted: agent.restrictedMethods]
        let server = try RPCServer(
            listeningOn: served.descriptors.compactMap { name, descriptor in
                tables[name].map { .init(descriptor: descriptor, name: name, table: $0) }
            },
            limits: limits,
            uid: Int(geteuid()),
            identify: { descriptor in
                let peer = try PeerProcess(ofSocket: descriptor)
                return Peer(
                    pid: peer.pid,
                    uid: peer.uid,
                    terminal: { peer.details(ofSocket: descriptor)?.terminal },
                    hasEnded: { peer.hasEnded(ofSocket: descriptor) }
                ) { Requester(peer, peer.details(ofSocket: descriptor)) }
            },
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
        manager.ready(status: Self.status(accounts))
        var places: Logger.Metadata = [
            "accounts": "\(accounts)", "storage": "\(agent.storage.rawValue)",
        ]
        places["socket"] = served.place(of: .agent).map { "\($0)" }
        places["restricted_socket"] = served.place(of: .restricted).map { "\($0)" }
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

    private func transport(_ configuration: Configuration, on loop: any EventLoop) throws -> HTTPTransport {
        do {
            return try HTTPTransport(on: loop, caFile: configuration.caFile)
        } catch {
            throw StartProblem("ca_file \(configuration.caFile ?? ""): cannot be read as PEM certificates (\(error))")
        }
    }

    private func surroundings(
        _ manager: ServiceManager,
        _ upkeep: Upkeep,
        _ folder: StateFolder,
        on loop: any EventLoop
    ) -> Agent.Surroundings {
        Agent.Surroundings(
            pid: Int(getpid()),
            supervised: Supervision(
                systemd: manager.isListening,
                socketActivated: !sockets.descriptors.isEmpty,
                watchdogMs: manager.watchdogInterval?.milliseconds
            ),
            protections: { .inForce(storage: folder.storage) },
            accountCountChanged: { manager.status(Self.status($0)) },
            setAlarm: upkeep.setAlarm,
            watchNetwork: upkeep.watchNetwork,
            prompter: Prompter(at: options.promptSocket, on: loop, isSupervised: manager.isListening),
            pause: { try await loop.pause(for: $0) },
            loopback: Loopback(on: loop),
            desktop: Desktop(at: options.desktopSocket, on: loop, isSupervised: manager.isListening)
        )
    }

    private static func status(_ accounts: Int) -> String { "Serving \(accounts) account\(accounts == 1 ? "" : "s")" }
}

/// What keeps the agent from starting, as a sentence.
struct StartProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension Requester {
    /// Without details, where the process has gone.
    init(_ peer: PeerProcess, _ details: PeerDetails?) {
        self.init(
            pid: peer.pid,
            uid: peer.uid,
            command: details?.command,
            unit: details?.unit,
            session: details?.session,
            parents: details?.parents.map { Parent(pid: $0.pid, command: $0.command) },
            terminal: details?.terminal
        )
    }
}
