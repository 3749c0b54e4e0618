internal import FoundationEssentials
internal import JetonAPI
public import NIOCore
internal import NIOPosix

/// A program of ours that systemd starts for each connection to its socket: a line of JSON goes there, a line comes
/// back, and the connection ends.
public struct ActivatedProgram: Sendable {
    /// Who listens there, as the kernel says.
    public struct Listener: Sendable {
        public var pid: Int
        public var uid: Int
    }

    /// Why there is no answer.
    enum NoAnswer: Error, Equatable {
        /// Nobody listens, or somebody who must not be told: a sentence without its full stop.
        case unreachable(String)
        case late
        /// It has ended, or what it said is none; or the task was cancelled.
        case none
    }

    /// As in `jeton-prompt`: that of its units.
    let name: String
    let path: String
    private let eventLoop: any EventLoop
    private let isTrusted: @Sendable (Listener) -> Bool

    /// - Parameters:
    ///   - name: as in `jeton-prompt`.
    ///   - path: where it listens.
    ///   - eventLoop: where its connections are served.
    ///   - isTrusted: whether the one who listens there may be told anything.
    public init(
        _ name: String,
        at path: String,
        on eventLoop: any EventLoop,
        isTrusted: @escaping @Sendable (Listener) -> Bool
    ) {
        self.name = name
        self.path = path
        self.eventLoop = eventLoop
        self.isTrusted = isTrusted
    }

    private var cure: String { "systemctl --user enable --now \(name).socket" }

    /// What keeps it from being asked, as far as that can be seen without asking.
    public var obstacle: String? { FileManager.default.fileExists(atPath: path) ? nil : missing }

    /// What to do where nobody listens.
    private var missing: String { "nobody listens at \(path): run `\(cure)` where the agent runs" }

    /// Asks, and waits for the answer. A task that is cancelled ends the connection.
    func ask<Answer: Decodable>(
        _ question: some Encodable,
        for answer: Answer.Type,
        maximumBytes: Int,
        within limit: Duration
    ) async throws(NoAnswer) -> Answer {
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: eventLoop)
                .connectTimeout(.seconds(5))
                .channelInitializer { channel in
                    channel.pipeline.addHandler(LineHandler(maximumBytes: maximumBytes))
                }
                .connect(unixDomainSocketPath: path).get()
        } catch {
            throw .unreachable(missing)
        }
        guard let listener = try? await listener(channel), isTrusted(listener) else {
            channel.close(promise: nil)
            throw .unreachable("another program than systemd listens at \(path): stop it, and run `\(cure)`")
        }
        guard let json = try? JSONCoding.encoder(secrets: .revealed).encode(question) else {
            preconditionFailure("a question that is not JSON")
        }
        let line = ByteBuffer(bytes: json + [UInt8(ascii: "\n")])
        let start = ContinuousClock.now
        let received = await withTaskCancellationHandler {
            await exchange(line, on: channel, within: limit)
        } onCancel: {
            channel.close(promise: nil)
        }
        if let received, let answer = try? JSONCoding.decoder().decode(Answer.self, from: Data(received)) {
            return answer
        }
        throw ContinuousClock.now >= start.advanced(by: limit) ? .late : .none
    }

    private func exchange(_ line: ByteBuffer, on channel: any Channel, within limit: Duration) async -> [UInt8]? {
        let end = eventLoop.scheduleTask(in: .milliseconds(Int64(limit.milliseconds))) { channel.close(promise: nil) }
        defer { end.cancel() }
        let answer = try? await channel.pipeline.handler(type: LineHandler.self)
            .flatMap { handler in
                channel.writeAndFlush(line, promise: nil)
                return handler.answer(on: channel.eventLoop)
            }
            .get()
        channel.close(promise: nil)
        return answer
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
