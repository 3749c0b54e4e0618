import FoundationEssentials
import JetonAPI
import MatrixClient
import Synchronization

@testable import Agent

/// A clock of wall time that stands still until it is told otherwise.
final class TestClock: Sendable {
    private let moment = Mutex(TestClock.noon)

    static let noon = Moment(millisecondsSince1970: 1_795_435_200_000)

    var now: Moment { moment.withLock { $0 } }

    func advance(by duration: Duration) { moment.withLock { $0 = $0.advanced(by: duration) } }
}

/// A folder of a test's own, removed at its end.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = "\(FileManager.default.temporaryDirectory.path)/jeton-agent-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        let file = URL(filePath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }
}

let someone = Requester(pid: 4712, uid: 1000, command: "jeton")

extension SessionRecord {
    static var example: SessionRecord {
        get throws {
            SessionRecord(
                userId: "@alice:example.org",
                deviceId: "D",
                homeserver: try HomeserverAddress("https://example.org"),
                accessToken: Secret("canary-access")
            )
        }
    }
}

/// Real time: what waits in a test is there to be waited for.
let realPause: Pause = { try await Task.sleep(for: $0) }
