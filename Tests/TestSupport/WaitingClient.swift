import Foundation

/// A client that waits on loopback for the browser that it has opened (Tests/TestSupport/waiting-client).
public final class WaitingClient: Sendable {
    public var port: Int { Int(place.number) }
    public var pid: Int32 { program.pid }
    /// Its port, which nobody else is given once it waits no more.
    private let place: HeldPort
    private let folder: ScratchFolder
    private let program: RunningProgram

    /// - Parameters:
    ///   - address: where it listens; `::` is reached by both addresses.
    ///   - plan: what it does with requests.
    ///   - uid: as whom it runs, which only root can choose.
    ///   - isIPv6Only: whether `::` is reached by IPv6 alone.
    ///   - predecessor: one that waits no more, whose port it takes.
    /// - Throws: where it does not listen.
    public init(
        at address: String = "127.0.0.1",
        _ plan: String = "status:200",
        uid: Int? = nil,
        isIPv6Only: Bool = false,
        inPlaceOf predecessor: WaitingClient? = nil
    ) async throws {
        folder = try ScratchFolder()
        place = try predecessor?.place ?? HeldPort()
        let log = try folder.write("", to: "log")
        let file = "\(Programs.repository)/Tests/TestSupport/waiting-client"
        // Its text, as somebody else may not see the file.
        let script = try String(contentsOfFile: file, encoding: .utf8)
        let python = [
            "/usr/bin/python3", "-c", script, isIPv6Only ? "only \(address)" : address, "\(place.number)", plan,
        ]
        let command = (uid.map { ["/usr/bin/setpriv", "--reuid=\($0)", "--clear-groups"] } ?? []) + python
        program = try await RunningProgram(command[0], Array(command.dropFirst()), log: log)
        let program = program
        do {
            try await eventually("the client listens") {
                try String(contentsOfFile: log, encoding: .utf8).contains("\n")
            }
        } catch {
            program.send(SIGKILL)
            throw Unexpected((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
        }
    }

    deinit { program.send(SIGKILL) }

    /// It waits no more.
    public func stop() async throws {
        program.send(SIGKILL)
        _ = try await program.ended()
    }

    /// The heads of the requests that came so far.
    public func requests() throws -> [String] {
        // The last one may not be whole yet.
        let text = try String(contentsOfFile: folder.file("log"), encoding: .utf8)
        let lines = text[..<(text.lastIndex(of: "\n") ?? text.startIndex)].split(separator: "\n").dropFirst()
        return try lines.map { try JSONDecoder().decode(String.self, from: Data($0.utf8)) }
    }

    /// The login tokens that came so far, by the last of each request's params.
    public func tokens() throws -> [String] {
        try requests().compactMap { head in
            head.firstMatch(of: /[?&]loginToken=([^ &]+) HTTP/).map { String($0.1) }
        }
    }
}
