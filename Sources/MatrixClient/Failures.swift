internal import AsyncHTTPClient
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Names the stage at which a request failed, from the errors of the libraries below.
enum Failures {
    static func classify(_ error: any Error, mayHaveArrived: Bool) -> MatrixError.Failure {
        let (stage, detail) = describe(error, mayHaveArrived: mayHaveArrived)
        return MatrixError.Failure(stage: stage, detail: detail, mayHaveArrived: mayHaveArrived)
    }

    private static func describe(
        _ error: any Error,
        mayHaveArrived: Bool
    ) -> (MatrixError.Failure.Stage, String) {
        switch error {
        case let error as NIOConnectionError: return connection(error)
        case let error as HTTPClientError: return client(error, mayHaveArrived: mayHaveArrived)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            return (.tls, "the TLS connection failed: \(error)")
        case is CancellationError: return (.request, "the request was withdrawn")
        case is NIOTooManyBytesError: return (.request, "the answer is longer than any that is expected")
        case let error as IOError: return (mayHaveArrived ? .request : .connect, reason(error))
        default: return (.request, "\(error)")
        }
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
        default: (.request, "\(error)")
        }
    }

    private static func reason(_ error: IOError) -> String {
        // "connect(descriptor:…): Connection refused (errno: 111)": the middle is for people.
        let middle = error.description.split(separator: "): ").last?.split(separator: " (errno").first
        return middle?.lowercased() ?? error.description
    }
}
