internal import AsyncHTTPClient
internal import FoundationEssentials
internal import JetonAPI
public import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import Privacy

/// One HTTP exchange after the other with homeservers, each with a deadline, none repeated, no redirect followed.
public struct HTTPTransport: Sendable {
    /// How long each step may take.
    public struct Deadlines: Sendable {
        /// Looking up the name, connecting and the TLS handshake.
        public var connect: Duration = .seconds(10)
        /// The whole exchange.
        public var request: Duration = .seconds(30)

        public init() {}
    }

    /// An answer, whatever its status.
    struct Answer: Sendable {
        var status: Int
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name }?.value
        }
    }

    /// More is no answer of a homeserver to anything that we ask.
    private static let maximumAnswer = 1024 * 1024

    private let clients: HTTPClients
    private let group: any EventLoopGroup
    private let deadlines: Deadlines
    private let certificateNames: CertificateNames
    private let names = NameLookups()
    /// For tests, which have no names of their own: addresses of names, before any resolver.
    private let hosts: [String: String]
    private let system: SystemCertificates

    /// - Parameters:
    ///   - group: where the connections are served.
    ///   - caFile: certificates to trust besides the system's, in PEM.
    ///   - deadlines: how long each step may take.
    /// - Throws: an error that says what is wrong with `caFile`.
    public init(on group: any EventLoopGroup, caFile: String? = nil, deadlines: Deadlines = Deadlines()) throws {
        try self.init(on: group, caFile: caFile, deadlines: deadlines, hosts: [:])
    }

    init(
        on group: any EventLoopGroup,
        caFile: String? = nil,
        deadlines: Deadlines = Deadlines(),
        hosts: [String: String],
        system: SystemCertificates = SystemCertificates()
    ) throws {
        self.group = group
        self.deadlines = deadlines
        self.hosts = hosts
        self.system = system
        let names = CertificateNames()
        certificateNames = names
        let authorities = try Self.certificates(in: caFile)
        clients = HTTPClients { Self.client(on: group, system, authorities, deadlines, hosts, names) }
    }

    /// From now on connections are made with other trust, and after a look at the files; those that there are go on.
    /// On a thread that may wait: files are read.
    /// - Throws: an error that says what is wrong with `caFile`; then nothing has changed.
    public func trust(caFile: String?) throws {
        let authorities = try Self.certificates(in: caFile)
        let new = Self.client(on: group, system, authorities, deadlines, hosts, certificateNames)
        guard let old = clients.replace(with: new) else { return }
        // When nothing can be under way on it any more.
        let rest = deadlines.connect + deadlines.request
        group.next().scheduleTask(in: .milliseconds(Int64(rest.milliseconds))) { [clients] in clients.end(old) }
    }

    /// - Throws: an error that says what is wrong with the file.
    public static func checkCertificates(in file: String) throws { _ = try certificates(in: file) }

    private static func certificates(in file: String?) throws -> [NIOSSLCertificate] {
        try file.map { try NIOSSLCertificate.fromPEMFile($0) } ?? []
    }

    private static func client(
        on group: any EventLoopGroup,
        _ system: SystemCertificates,
        _ authorities: [NIOSSLCertificate],
        _ deadlines: Deadlines,
        _ hosts: [String: String],
        _ certificateNames: CertificateNames
    ) -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = system.roots
        if !authorities.isEmpty { tls.additionalTrustRoots = [.certificates(authorities)] }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.timeout.connect = .milliseconds(Int64(deadlines.connect.milliseconds))
        // A refused connection is an answer; trying again is for the user or the renewal to decide.
        configuration.connectionPool.retryConnectionEstablishment = false
        // Shorter than servers keep idle connections, so that we hardly ever send on one that is being closed.
        configuration.connectionPool.idleTimeout = .seconds(15)
        configuration.httpVersion = .http1Only
        configuration.dnsOverride = hosts
        configuration.http1_1ConnectionDebugInitializer = certificateNames.check
        return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// Closes all connections. Nothing may be sent afterwards.
    public func shutdown() async throws { try await clients.shutdown() }

    func send(
        _ method: String,
        _ url: String,
        bearer: Secret? = nil,
        body: [UInt8]? = nil
    ) async throws(MatrixError) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .RAW(value: method)
        request.headers.add(name: "User-Agent", value: "Jeton/\(releaseVersion)")
        request.headers.add(name: "Accept", value: "application/json")
        if let bearer { request.headers.add(name: "Authorization", value: "Bearer \(bearer.reveal())") }
        let departure = Departure()
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            let watched = WatchedBody(bytes: ByteBuffer(bytes: body), departure: departure)
            request.body = .stream(watched, length: .known(Int64(body.count)))
        }
        do {
            let host = URL(string: url)?.host() ?? ""
            return try await certificateNames.asking(host) {
                try await within(deadlines.request) { [request] in
                    try await lookUp(host)
                    return try await exchange(request)
                }
            }
        } catch {
            throw .unreachable(Failures.classify(error, mayHaveArrived: departure.hasLeft, hasBody: body != nil))
        }
    }

    /// Names of this machine, and numbers, need nobody's answer.
    private func lookUp(_ name: String) async throws {
        let isNumber = (try? SocketAddress(ipAddress: name.filter { !"[]".contains($0) }, port: 0)) != nil
        if isNumber || name.isEmpty || hosts[name] != nil || HomeserverAddress.isLoopback(name) { return }
        do {
            try await within(deadlines.connect) { try await names.find(name) }
        } catch is HTTPClientError {
            throw NameLookups.Problem.silent(name)
        }
    }

    private func exchange(_ request: HTTPClientRequest) async throws -> Answer {
        let deadline = NIODeadline.now() + .milliseconds(Int64(deadlines.request.milliseconds))
        let response = try await clients.current().execute(request, deadline: deadline)
        var body: [UInt8] = []
        for try await part in response.body {
            guard body.count + part.readableBytes <= Self.maximumAnswer else {
                throw NIOTooManyBytesError(maxBytes: Self.maximumAnswer)
            }
            body += part.readableBytesView
            // Tokens may be in it, and the connection keeps its buffers for what comes next.
            unsafe part.withUnsafeReadableBytes { unsafe ProcessPrivacy.wipe($0) }
        }
        return Answer(
            status: Int(response.status.code),
            headers: response.headers.map { ($0.name, $0.value) },
            body: body
        )
    }

    /// The client's own deadline ends with the head of an answer; a body that never comes needs one too.
    private func within<Value: Sendable>(
        _ limit: Duration,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup { group in
            group.addTask { try await work() }
            group.addTask {
                try await self.group.any().pause(for: limit)
                throw HTTPClientError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}
