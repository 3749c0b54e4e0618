internal import FoundationEssentials
public import JetonAPI
public import NIOCore
internal import NIOPosix

/// The way to the user: each question is a connection of its own to the socket of jeton-prompt, and ends with it.
public struct PromptSocket: Sendable {
    /// Who listens there, as the kernel says.
    public struct Listener: Sendable {
        public var pid: Int
        public var uid: Int
    }

    public let path: String
    private let eventLoop: any EventLoop
    private let isTrusted: @Sendable (Listener) -> Bool

    /// - Parameters:
    ///   - path: where the prompt listens.
    ///   - eventLoop: where its connections are served.
    ///   - isTrusted: whether the one who listens there may be told what the user types.
    public init(
        _ path: String,
        on eventLoop: any EventLoop,
        isTrusted: @escaping @Sendable (Listener) -> Bool
    ) {
        self.path = path
        self.eventLoop = eventLoop
        self.isTrusted = isTrusted
    }

    /// The prompt ends a question by itself at its deadline; one that does not is given up a little later.
    private static let grace = TimeAmount.seconds(5)

    private static let cure = "systemctl --user enable --now jeton-prompt.socket"

    /// What to do where nobody listens.
    public static func missing(_ path: String) -> String {
        "nobody listens at \(path): run `\(cure)` where the agent runs"
    }

    /// Asks, and waits for the answer. A task that is cancelled withdraws its question.
    public func ask(_ question: PromptQuestion) async -> PromptAnswer {
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(.seconds(5))
                .channelInitializer { channel in channel.pipeline.addHandler(PromptHandler()) }
                .connect(unixDomainSocketPath: path).get()
        } catch {
            return .unavailable(Self.missing(path))
        }
        guard let listener = try? await listener(channel), isTrusted(listener) else {
            channel.close(promise: nil)
            return .unavailable("another program than systemd listens at \(path): stop it, and run `\(Self.cure)`")
        }
        return await withTaskCancellationHandler {
            await answer(on: channel, question)
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private func answer(on channel: any Channel, _ question: PromptQuestion) async -> PromptAnswer {
        guard let json = try? JSONCoding.encoder().encode(question) else {
            preconditionFailure("a question that is not JSON")
        }
        let line = ByteBuffer(bytes: json + [UInt8(ascii: "\n")])
        let end = Int64(question.deadlineMs)
        let limit = eventLoop.scheduleTask(in: .milliseconds(end) + Self.grace) { channel.close(promise: nil) }
        defer { limit.cancel() }
        let start = ContinuousClock.now
        let answer = try? await channel.pipeline.handler(type: PromptHandler.self)
            .flatMap { handler in
                channel.writeAndFlush(line, promise: nil)
                return handler.answer(on: channel.eventLoop)
            }
            .get()
        channel.close(promise: nil)
        if let answer { return answer }
        if ContinuousClock.now >= start.advanced(by: .milliseconds(end)) { return .timedOut }
        return .unavailable(
            "jeton-prompt has ended without an answer; `journalctl --user --unit 'jeton-prompt@*'` may say why"
        )
    }

    private func listener(_ channel: any Channel) async throws -> Listener {
        guard let options = channel as? any SocketOptionProvider else { throw ChannelError.operationUnsupported }
        // struct ucred, which glibc hides.
        let peer: (pid: Int32, uid: UInt32, gid: UInt32) = try await options.unsafeGetSocketOption(
            level: .socket,
            name: .peerCredentials
        ).get()
        return Listener(pid: Int(peer.pid), uid: Int(peer.uid))
    }
}

extension NIOBSDSocket.Option {
    /// SO_PEERCRED of asm-generic/socket.h, see unix(7).
    fileprivate static let peerCredentials = NIOBSDSocket.Option(rawValue: 17)
}
