import MatrixClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// A server on loopback that answers as the test says, and remembers what it was asked.
final class LocalServer: Sendable {
    struct Request: Sendable {
        var method: String
        /// The host that was asked for, without its port.
        var host: String
        /// Path and query.
        var path: String
        var headers: HTTPHeaders
        var body: [UInt8] = []

        /// Host and path, as in `example.org/.well-known/matrix/client`.
        var place: String { host + path }
    }

    struct Answer: Sendable {
        var status = HTTPResponseStatus.ok
        var headers: HTTPHeaders = [:]
        var body = ""

        static func redirect(_ location: String, _ status: HTTPResponseStatus = .found) -> Answer {
            Answer(status: status, headers: ["Location": location])
        }
    }

    let port: Int
    private let channel: any Channel
    private let log = Log()

    /// What was asked for, in order.
    var requests: [Request] { log.requests.withLock { $0 } }

    /// Without a certificate it speaks plain HTTP.
    init(_ certificate: TestCertificate? = nil, _ answer: @escaping @Sendable (Request) -> Answer) async throws {
        let tls = try certificate.map { certificate in
            try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: NIOSSLCertificate.fromPEMFile(certificate.file).map { .certificate($0) },
                    privateKey: .privateKey(NIOSSLPrivateKey(file: certificate.keyFile, format: .pem))
                )
            )
        }
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { [log] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(Handler(answer: answer, log: log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = try #require(channel.localAddress?.port)
    }

    /// Nobody connects from now on.
    func stop() async throws { try await channel.close() }
}

/// What a server was asked.
private final class Log: Sendable {
    let requests = Mutex<[LocalServer.Request]>([])
}

/// Answers the one request of a connection: one kept for later could outlive the server, and its port be another's.
private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (LocalServer.Request) -> LocalServer.Answer
    private let log: Log
    private var request: LocalServer.Request?

    init(answer: @escaping @Sendable (LocalServer.Request) -> LocalServer.Answer, log: Log) {
        self.answer = answer
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let host = head.headers.first(name: "host")?.prefix { $0 != ":" } ?? ""
            request = .init(method: head.method.rawValue, host: String(host), path: head.uri, headers: head.headers)
        case .body(let bytes): request?.body += bytes.readableBytesView
        case .end:
            guard let request else { return }
            log.requests.withLock { $0.append(request) }
            send(answer(request), context)
        }
    }

    private func send(_ answer: LocalServer.Answer, _ context: ChannelHandlerContext) {
        var headers = answer.headers
        headers.replaceOrAdd(name: "Content-Length", value: "\(answer.body.utf8.count)")
        headers.replaceOrAdd(name: "Connection", value: "close")
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

extension HTTPTransport.Deadlines {
    /// For tests that are about something else.
    static var forBusyMachines: HTTPTransport.Deadlines {
        var deadlines = HTTPTransport.Deadlines()
        deadlines.connect = .seconds(60)
        deadlines.request = .seconds(90)
        return deadlines
    }
}
