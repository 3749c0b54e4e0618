import Fuzzing
import JetonAPI
import MatrixClient
import NIOPosix

private let group = MultiThreadedEventLoopGroup.singleton
private let homeserver = prepared { try OneAnswer(on: group.next()) }
private let client = prepared {
    MatrixClient(
        homeserver: try HomeserverAddress("http://127.0.0.1:\(homeserver.port)"),
        transport: try HTTPTransport(on: group)
    )
}

private let token = Secret("canary-token")

/// Everything that the agent asks of homeservers, by a letter.
private func ask(_ letter: UInt8) async throws(MatrixError) {
    switch letter {
    case UInt8(ascii: "a"): _ = try await client.versions()
    case UInt8(ascii: "b"): _ = try await client.loginFlows()
    case UInt8(ascii: "c"): _ = try await client.loginTokenCapability(token)
    case UInt8(ascii: "d"): _ = try await client.authMetadata()
    case UInt8(ascii: "e"): _ = try await client.getLoginToken(token, auth: nil)
    case UInt8(ascii: "f"): _ = try await client.logIn(.loginToken(token))
    case UInt8(ascii: "g"): _ = try await client.whoAmI(token)
    case UInt8(ascii: "h"): _ = try await client.refresh(token)
    case UInt8(ascii: "i"): try await client.logOut(token)
    default: _ = try await client.devices(token)
    }
}

private let statuses = [200, 401, 429, 403, 400, 404, 302, 500, 502]

/// An answer of a homeserver: a letter for the request, a digit for the status, a line for the header Retry-After,
/// and the body. It is understood, or an error that can be told.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = bytes(data, count)
    guard input.count >= 3 else { return -1 }
    let rest = input.dropFirst(2)
    let line = rest.prefix { $0 != UInt8(ascii: "\n") }
    homeserver.answer = .init(
        status: statuses[Int(input[1] &- UInt8(ascii: "0")) % statuses.count],
        retryAfter: String(decoding: line.filter { (0x20...0x7E).contains($0) }, as: UTF8.self),
        body: Array(rest.dropFirst(line.count + 1))
    )
    let sentence = wait {
        do throws(MatrixError) {
            try await ask(input[0])
            return "understood"
        } catch {
            return "\(error)"
        }
    }
    demand(!sentence.contains("canary-token"), "an error tells a token")
    return 0
}
