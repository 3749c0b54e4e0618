internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import SystemPackage

/// Names the stage at which a request failed, from the errors of the libraries below.
enum Failures {
    /// A request without a body acts on nothing, and nobody can tell when it left: it is told as one that did.
    static func classify(_ error: any Error, mayHaveArrived: Bool, hasBody: Bool) -> MatrixError.Failure {
        let (stage, detail) = describe(error, mayHaveArrived: mayHaveArrived || !hasBody)
        return MatrixError.Failure(stage: stage, detail: detail, mayHaveArrived: mayHaveArrived)
    }

    private static func describe(
        _ error: any Error,
        mayHaveArrived: Bool
    ) -> (MatrixError.Failure.Stage, String) {
        switch error {
        case let error as NIOConnectionError: return connection(error)
        case NameLookups.Problem.unknown(let name): return (.dns, "the name \(name) is not found")
        case NameLookups.Problem.silent(let name): return (.dns, "nobody has told the address of \(name) in time")
        case let error as HTTPClientError: return client(error, mayHaveArrived: mayHaveArrived)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError, is CertificateNames.Mismatch:
            return (.tls, tls(error))
        case HTTPParserError.invalidEOFState: return (.request, "the connection was closed in the middle of the answer")
        case is HTTPParserError: return (.request, noHTTP)
        case is CancellationError: return (.request, "the request was withdrawn")
        case is NIOTooManyBytesError: return (.request, "the answer is longer than any that is expected")
        case let error as IOError: return (error.errnoCode == ECONNREFUSED ? .connect : .request, reason(error))
        default: return (.request, "the HTTP client failed (\(type(of: error)))")
        }
    }

    private static let noHTTP =
        "what answers there is no HTTP server; look at the address, its port, and whether it is http or https"

    private static func tls(_ error: any Error) -> String {
        let text = "\(error)"
        let isForAnotherName = error is NIOSSLExtraError || error is CertificateNames.Mismatch
        if isForAnotherName || text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "its certificate is not trusted, or is for another name (a CA of your own goes into ca_file)"
        }
        return text.contains("WRONG_VERSION_NUMBER") ? "it does not speak TLS there" : "the TLS handshake failed"
    }

    private static func connection(_ error: NIOConnectionError) -> (MatrixError.Failure.Stage, String) {
        guard let last = error.connectionErrors.last else {
            return (.dns, "the name \(error.host) is not found")
        }
        let cause = (last.error as? IOError).map(reason) ?? "\(last.error)"
        return (.connect, "no connection to \(error.host) port \(error.port): \(cause)")
    }

    private static func client(
        _ error: HTTPClientError,
        mayHaveArrived: Bool
    ) -> (MatrixError.Failure.Stage, String) {
        switch error {
        case .connectTimeout: (.timeout, "no connection in time")
        case .tlsHandshakeTimeout: (.tls, "the TLS handshake took too long")
        case .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
            (.timeout, mayHaveArrived ? "no answer in time" : "no connection in time")
        case .remoteConnectionClosed: (.request, "the connection was closed before an answer came")
        case .cancelled: (.request, "the request was withdrawn")
        // Never the whole error: it may quote a header, and with it a token.
        default: (.request, error.shortDescription)
        }
    }

    private static func reason(_ error: IOError) -> String { Errno(rawValue: error.errnoCode).description.lowercased() }
}
