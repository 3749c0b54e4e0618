import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// An HTTPS server on loopback that answers by host and path.
final class TLSServer: Sendable {
    struct Answer: Sendable {
        var status = HTTPResponseStatus.ok
        var headers: HTTPHeaders = [:]
        var body = ""

        static func redirect(_ location: String, _ status: HTTPResponseStatus = .found) -> Answer {
            Answer(status: status, headers: ["Location": location])
        }
    }

    /// A certificate for the names below, and its own authority.
    struct Certificate: Sendable {
        static let names = ["localhost", "example.org", "matrix.example.org", "other.example.org"]

        let file: String
        let keyFile: String

        /// Made once, by openssl: a key that lies in a repository is soon somewhere else too.
        static let shared = Result { try Certificate() }

        private init() throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "jt-tls-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            file = folder.appending(path: "certificate.pem").path
            keyFile = folder.appending(path: "key.pem").path
            let openssl = Process()
            openssl.executableURL = URL(filePath: "/usr/bin/env")
            let names = Self.names.map { "DNS:\($0)" }
            openssl.arguments = [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "1", "-subj", "/CN=Jeton tests", "-addext", "subjectAltName=\(names.joined(separator: ","))", "-keyout",
                keyFile, "-out", file,
            ]
            openssl.standardError = FileHandle.nullDevice
            try openssl.run()
            openssl.waitUntilExit()
            try #require(openssl.terminationStatus == 0)
        }
    }

    private let channel: any Channel
    private let log: Log

    let port: Int

    /// What was asked for, in order: name and path.
    var requests: [String] { log.lines.withLock { $0 } }

    /// Answers by name and path, as in `example.org/.well-known/matrix/client`.
    init(_ answer: @escaping @Sendable (String) -> Answer) async throws {
        let certificate = try Certificate.shared.get()
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: NIOSSLCertificate.fromPEMFile(certificate.file).map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(file: certificate.keyFile, format: .pem))
            )
        )
        let log = Log()
        self.log = log
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLServerHandler(context: context))
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
    let lines = Mutex<[String]>([])
}

/// Answers each request of a connection.
private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (String) -> TLSServer.Answer
    private let log: Log

    init(answer: @escaping @Sendable (String) -> TLSServer.Answer, log: Log) {
        self.answer = answer
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        let name = head.headers.first(name: "host")?.prefix { $0 != ":" } ?? ""
        log.lines.withLock { $0.append("\(name)\(head.uri)") }
        let answer = answer("\(name)\(head.uri)")
        var headers = answer.headers
        headers.replaceOrAdd(name: "Content-Length", value: "\(answer.body.utf8.count)")
        // A connection kept for later could outlive this server, and its port be another's by then.
        headers.replaceOrAdd(name: "Connection", value: "close")
        context.write(
            wrapOutboundOut(.head(.init(version: .http1_1, status: answer.status, headers: headers))),
            promise: nil
        )
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
