import Foundation

/// A folder of this process alone, in $TMPDIR, for files that are written anew for each input.
public struct ScratchFolder: Sendable {
    public let path: String

    public init() throws {
        path = "\(FileManager.default.temporaryDirectory.path)/jeton-fuzz-\(getpid())"
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        // At the end of a run, and after most crashes; what is left then is small.
        Self.current = path
        atexit { Self.remove() }
    }

    nonisolated(unsafe) private static var current = ""

    private static func remove() { try? FileManager.default.removeItem(atPath: current) }

    /// Replaces a file's content, for its owner alone to read.
    public func write(_ content: some Collection<UInt8>, to name: String) {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let content = Array(content)
        demand(Glibc.write(descriptor, content, content.count) == content.count, "\(path)/\(name) cannot be written")
        close(descriptor)
    }

    public func remove(_ name: String) { unlink("\(path)/\(name)") }
}
