internal import Dispatch
internal import FoundationEssentials
internal import Glibc
public import JetonAPI
internal import Synchronization

/// The folder that holds the agent's state, for one agent at a time. Files are replaced whole or appended to, and
/// are on the disk before a write returns, unless it is said that the process is all that has to be outlasted.
public final class StateFolder: Sendable {
    public let path: String
    /// Whether there is a key to encrypt with, and why not.
    public let credential: StoreCredential
    let sealing = Mutex(Sealing())

    /// Syncing a file takes as long as the disk likes: never on a thread that serves the socket.
    private let disk = DispatchQueue(label: "jeton.state")

    /// The files to whose end something was added that the disk need not have yet.
    private let unsynced = Mutex<Set<String>>([])

    private static let lockName = "lock"

    /// Opens the folder, making it where it is missing, and locks it until the process ends. This blocks.
    /// - Parameters:
    ///   - path: where it is.
    ///   - setting: whether its files are to be encrypted; those that lie otherwise are brought there.
    ///   - credential: the key to it.
    /// - Throws: what keeps it from being used as it lies, or from being brought there; then it is as it was.
    public init(
        path: String,
        setting: StorageSetting = .auto,
        credential: StoreCredential = .none
    ) throws(StorageProblem) {
        self.path = path
        self.credential = credential
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw StorageProblem(path: path, detail: "cannot be made; is the folder above it yours and writable?")
        }
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open it", path) }
        defer { close(descriptor) }
        try PrivateFile.requirePrivate(try PrivateFile.status(of: descriptor, path), path)
        try lock()
        removeLeftovers()
        try bring(to: setting)
    }

    /// What an agent was writing when it was killed: it may hold tokens, and nobody would ever look at it again.
    private func removeLeftovers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names
        where name.hasPrefix(PrivateFile.temporaryPrefix) && name.hasSuffix(PrivateFile.temporarySuffix) {
            unsafe unlink("\(path)/\(name)")
        }
    }

    /// Two agents would each rotate the same refresh token, and the homeserver would end the session.
    private func lock() throws(StorageProblem) {
        let file = "\(path)/\(Self.lockName)"
        let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .last("lock it", file) }
        // Held until the process ends: the descriptor is not closed.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw .last("lock it", file) }
            let holder = (try? String(contentsOfFile: file, encoding: .utf8)).map { "process \($0)" } ?? "a process"
            close(descriptor)
            let detail = "another agent (\(holder)) uses this folder; stop it, or choose another with --state"
            throw StorageProblem(path: path, detail: detail)
        }
        let pid = Array("\(getpid())".utf8)
        guard ftruncate(descriptor, 0) == 0,
            unsafe pid.withUnsafeBytes({ unsafe write(descriptor, $0.baseAddress, $0.count) }) == pid.count
        else { throw .last("write to it", file) }
    }

    /// The names of the state files that end so, sorted.
    public func names(endingIn suffix: String) throws(StorageProblem) -> [String] {
        do {
            let all = try FileManager.default.contentsOfDirectory(atPath: path)
            return all.filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".") }.sorted()
        } catch {
            throw StorageProblem(path: path, detail: "cannot be listed")
        }
    }

    /// The content of a file; nil where there is none. This blocks: it is for the start.
    public func read(_ name: String) throws(StorageProblem) -> [UInt8]? {
        guard case .whole(let bytes)? = try content(of: name) else { return nil }
        return bytes
    }

    /// The whole lines of a log; nil where there is none. This blocks: it is for the start.
    public func readLines(_ name: String) throws(StorageProblem) -> [[UInt8]]? {
        guard case .lines(let lines)? = try content(of: name) else { return nil }
        return lines
    }

    private func content(of name: String) throws(StorageProblem) -> StateContent? {
        let file = file(name)
        guard let bytes = try file.read() else { return nil }
        return try sealing.withLock(\.self).decode(bytes, of: name, at: file.path)
    }

    public func replace(_ name: String, with content: [UInt8]) async throws(StorageProblem) {
        try await replace(name, by: .whole(content))
    }

    public func replace(_ name: String, withLines lines: [[UInt8]]) async throws(StorageProblem) {
        try await replace(name, by: .lines(lines))
    }

    private func replace(_ name: String, by content: StateContent) async throws(StorageProblem) {
        try await onDisk { () throws(StorageProblem) in try self.put(content, into: self.file(name)) }
    }

    /// Replaces a file, in the form of now. This blocks.
    func put(_ content: StateContent, into file: PrivateFile) throws(StorageProblem) {
        let bytes = sealing.withLock { $0.encode(content, of: file.name) }
        try onlyIfWritten(file) { () throws(StorageProblem) in try file.replace(with: bytes) }
    }

    /// Where nothing was written, nothing may be appended to it.
    private func onlyIfWritten(
        _ file: PrivateFile,
        _ write: () throws(StorageProblem) -> Void
    ) throws(StorageProblem) {
        do throws(StorageProblem) {
            try write()
        } catch {
            sealing.withLock { $0.forget(file.name) }
            throw error
        }
    }

    /// Adds a line to the end of a log that was replaced since the start. Where that fails, the file is as it was, and
    /// must be replaced before anything else is appended.
    public func append(
        _ line: [UInt8],
        to name: String,
        until durability: Durability
    ) async throws(StorageProblem) {
        let file = file(name)
        try await onDisk { () throws(StorageProblem) in
            guard let bytes = self.sealing.withLock({ $0.encode(line: line, of: name) }) else {
                throw StorageProblem(path: file.path, detail: "cannot grow before it is written anew")
            }
            try self.onlyIfWritten(file) { () throws(StorageProblem) in
                try file.append(bytes, syncs: durability == .machine)
            }
        }
        if durability == .process { syncSoon(file) }
    }

    /// Once for all that is written until then, so that whoever writes next need not wait for it.
    private func syncSoon(_ file: PrivateFile) {
        guard unsynced.withLock({ $0.insert(file.name).inserted }) else { return }
        disk.asyncAfter(deadline: .now() + .seconds(1)) { [self] in
            _ = unsynced.withLock { $0.remove(file.name) }
            // Ignoring failures: nobody was told that it would outlast the machine.
            try? file.sync()
        }
    }

    public func remove(_ name: String) async throws(StorageProblem) {
        try await onDisk { () throws(StorageProblem) in try self.file(name).remove() }
    }

    func file(_ name: String) -> PrivateFile { PrivateFile(folder: path, name: name) }

    /// Runs what blocks on the disk's own thread, in the order of the calls.
    func onDisk(_ work: @escaping @Sendable () throws(StorageProblem) -> Void) async throws(StorageProblem) {
        let result: Result<Void, StorageProblem> = await withCheckedContinuation { continuation in
            disk.async {
                do throws(StorageProblem) {
                    continuation.resume(returning: .success(try work()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        try result.get()
    }
}
