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
internal import Systemd
internal import Vault

/// Joins the agent with its socket, its homeservers and its service manager.
struct Daemon {
    let options: Jetond
    let sockets: PassedSockets

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
            let served = try ServedSockets(
                passed: sockets,
                option: options.socket,
                restricted: configuration.restrictedSocket
            )
            defer { served.remove() }
            try await ServedAgent(
                agent: agent,
                upkeep: upkeep,
                desktop: desktop,
                reload: reload,
                limits: limits,
                transport: transport,
                manager: manager,
                loop: loop,
                logger: logger
            ).run(at: served)
        } catch {
            try? await transport.shutdown()
            throw error
        }
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

    /// For the service manager.
    static func status(_ accounts: Int) -> String { "Serving \(accounts) account\(accounts == 1 ? "" : "s")" }
}

/// What keeps the agent from starting, as a sentence.
struct StartProblem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
