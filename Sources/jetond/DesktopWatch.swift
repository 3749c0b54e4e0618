internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import SystemPackage
internal import Systemd

/// Keeps up with the user's desktop over the system bus: it is told, and asks nobody again and again. Without a bus or
/// logind nothing is lost but this.
final class DesktopWatch: Sendable {
    /// How long those wait at most who want a login token before the first answer; then the screen counts as open, as
    /// a desktop that nobody knows of can keep nobody from working.
    private static let patience = TimeAmount.seconds(1)
    /// After so many tries to have a lost bus back, some seconds, the screen's lock is no longer believed.
    private static let triesInFaith = 4
    private static let longestPause = TimeAmount.hours(1)
    /// Nor is it where a bus that came back says nothing for as long.
    private static let faith = TimeAmount.seconds(8)

    private enum Link {
        case none
        case connecting
        case open(any Channel, BusConversation)
    }

    private struct State {
        var logind = LogindWatch(uid: geteuid())
        var link = Link.none
        var deadline: Scheduled<Void>?
        var retry: Scheduled<Void>?
        /// Since logind has answered last.
        var failures = 0
        var hasAnswered = false
    }

    private let loop: any EventLoop
    private let logger: Logger
    private let told: @Sendable (LogindWatch.News) -> Void
    private let state: NIOLoopBoundBox<State>

    /// - Parameters:
    ///   - loop: it waits for the bus.
    ///   - logger: where it is said what cannot be followed.
    ///   - told: called on the loop; of the screen within a second after `begin`.
    init(on loop: any EventLoop, logger: Logger, told: @escaping @Sendable (LogindWatch.News) -> Void) {
        self.loop = loop
        self.logger = logger
        self.told = told
        state = .makeBoxSendingValue(State(), eventLoop: loop)
    }

    /// Connects, unless there is a connection, or one is tried for.
    func begin() {
        loop.execute {
            guard case .none = self.state.value.link else { return }
            self.state.value.retry?.cancel()
            self.connect()
        }
    }

    private func connect() {
        state.value.retry = nil
        state.value.link = .connecting
        guard let path = BusAddress.system else { return lost("DBUS_SYSTEM_BUS_ADDRESS names no socket") }
        state.value.deadline?.cancel()
        let patience = state.value.hasAnswered ? Self.faith : Self.patience
        state.value.deadline = loop.scheduleTask(in: patience) {
            self.doWithout("no answer within \(patience.nanoseconds / 1_000_000_000) s")
        }
        ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(BusHandler(self))
                }
            }
            .connect(unixDomainSocketPath: path)
            .whenFailure { error in
                let reason = (error as? IOError).map { "\(Errno(rawValue: $0.errnoCode))" } ?? "\(error)"
                self.lost("\(path): \(reason)")
            }
    }

    fileprivate func connected(_ channel: any Channel) {
        do {
            let conversation = try BusConversation()
            state.value.link = .open(channel, conversation)
            try state.value.logind.begin(conversation.send)
            speak()
        } catch {
            logger.debug("the system bus cannot be spoken to", metadata: ["error": "\(error)"])
            channel.close(promise: nil)
        }
    }

    fileprivate func heard(_ bytes: [UInt8]) {
        guard case .open(let channel, let conversation) = state.value.link else { return }
        do {
            for message in try conversation.take(bytes) {
                for news in try state.value.logind.hear(message, conversation.send) { take(news) }
            }
            speak()
        } catch {
            logger.debug("the system bus cannot be understood", metadata: ["error": "\(error)"])
            channel.close(promise: nil)
        }
    }

    private func speak() {
        guard case .open(let channel, let conversation) = state.value.link else { return }
        let bytes = conversation.outgoing()
        guard !bytes.isEmpty else { return }
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    private func take(_ news: LogindWatch.News) {
        switch news {
        case .screen(let isLocked):
            state.value.deadline?.cancel()
            state.value.hasAnswered = true
            state.value.failures = 0
            logger.debug("the screen is known", metadata: ["locked": "\(isLocked)"])
        case .woke: logger.info("the machine woke")
        case .absent: explain("logind does not run")
        }
        told(news)
    }

    /// There is no connection, or no longer.
    fileprivate func lost(_ reason: String) {
        state.value.link = .none
        state.value.deadline?.cancel()
        guard state.value.hasAnswered else { return doWithout(reason) }
        state.value.failures += 1
        let failures = state.value.failures
        if failures == Self.triesInFaith { doWithout(reason) }
        let pause = min(TimeAmount.seconds(1 << min(Int64(failures - 1), 20)), Self.longestPause)
        state.value.retry = loop.scheduleTask(in: pause) { self.connect() }
    }

    /// Nobody waits for the screen any more.
    private func doWithout(_ reason: String) {
        state.value.deadline?.cancel()
        explain(reason)
        told(.screen(isLocked: false))
    }

    private func explain(_ reason: String) {
        logger.info("ignoring the screen's lock, and sleep", metadata: ["reason": "\(reason)"])
    }
}

/// Passes on what the bus sends.
private final class BusHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let watch: DesktopWatch

    init(_ watch: DesktopWatch) { self.watch = watch }

    func channelActive(context: ChannelHandlerContext) { watch.connected(context.channel) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        watch.heard(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { watch.lost("the system bus has gone") }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
