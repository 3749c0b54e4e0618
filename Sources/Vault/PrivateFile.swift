internal import Glibc

/// A file that only its owner can read: how it is checked, read and replaced. All of this blocks.
struct PrivateFile {
    let folder: String
    let name: String

    var path: String { "\(folder)/\(name)" }

    /// Where a new content is written before it takes the old one's place.
    private var temporary: String { "\(folder)/\(Self.temporaryPrefix)\(name)\(Self.temporarySuffix)" }

    static let temporaryPrefix = "."
    static let temporarySuffix = ".new"

    /// Larger is no file of ours.
    private static let maximumSize = 16 * 1024 * 1024

    /// The whole content; nil where there is no such file.
    func read() throws(StorageProblem) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            if errno == ELOOP { throw problem("is a symbolic link; put the file itself there") }
            throw .last("read it", path)
        }
        defer { close(descriptor) }
        let status = try Self.status(of: descriptor, path)
        guard status.st_mode & S_IFMT == S_IFREG else { throw problem("is no regular file; move it away") }
        try Self.requirePrivate(status, path)
        guard status.st_size <= Self.maximumSize else { throw problem("is too large to be the agent's; move it away") }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return content }
            if count < 0, errno != EINTR { throw .last("read it", path) }
            if count > 0 { content.append(contentsOf: chunk[..<count]) }
        }
    }

    /// Replaces the content so that after a crash either the old or the new one is there, whole.
    func replace(with content: [UInt8]) throws(StorageProblem) {
        // First of all: once the new content is there, nothing may fail that could have failed before.
        let folder = try openFolder()
        defer { close(folder) }
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .last("write it", temporary) }
        do throws(StorageProblem) {
            guard fchmod(descriptor, 0o600) == 0 else { throw .last("protect it", temporary) }
            try Self.write(content, to: descriptor, temporary)
            try Self.sync(descriptor, temporary)
        } catch {
            close(descriptor)
            unsafe unlink(temporary)
            throw error
        }
        close(descriptor)
        guard unsafe rename(temporary, path) == 0 else {
            let problem = StorageProblem.last("replace it", path)
            unsafe unlink(temporary)
            throw problem
        }
        try syncFolder(folder)
    }

    /// Adds to the file, which must be there; where that fails, it is as it was.
    func append(_ content: [UInt8], syncs: Bool) throws(StorageProblem) {
        let descriptor = try openToAppend()
        defer { close(descriptor) }
        let status = try Self.status(of: descriptor, path)
        do {
            try Self.write(content, to: descriptor, path)
            if syncs { try Self.sync(descriptor, path) }
        } catch {
            ftruncate(descriptor, status.st_size)
            throw error
        }
    }

    /// Waits until the disk has what was appended.
    func sync() throws(StorageProblem) {
        let descriptor = try openToAppend()
        defer { close(descriptor) }
        try Self.sync(descriptor, path)
    }

    private func openToAppend() throws(StorageProblem) -> CInt {
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw .last("write it", path) }
        return descriptor
    }

    /// Removes the file, and what a crash may have left of a new one; what is not there is fine.
    func remove() throws(StorageProblem) {
        let folder = try openFolder()
        defer { close(folder) }
        unsafe unlink(temporary)
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw .last("remove it", path) }
        try syncFolder(folder)
    }

    private static func write(_ content: [UInt8], to descriptor: CInt, _ path: String) throws(StorageProblem) {
        var rest = content[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { throw .last("write it", path) }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    private static func sync(_ descriptor: CInt, _ path: String) throws(StorageProblem) {
        guard fsync(descriptor) == 0 else { throw .last("write it to the disk", path) }
    }

    private func openFolder() throws(StorageProblem) -> CInt {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open it", folder) }
        return descriptor
    }

    /// A new name is safe only once its folder is on the disk.
    private func syncFolder(_ descriptor: CInt) throws(StorageProblem) {
        guard fsync(descriptor) == 0 else { throw .last("write it to the disk", folder) }
    }

    private func problem(_ detail: String) -> StorageProblem { StorageProblem(path: path, detail: detail) }

    static func status(of descriptor: CInt, _ path: String) throws(StorageProblem) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last("look at it", path) }
        return status
    }

    /// Ours, and nobody else's to read.
    static func requirePrivate(_ status: stat, _ path: String) throws(StorageProblem) {
        guard status.st_uid == geteuid() else {
            let detail = "belongs to user \(status.st_uid), not to user \(geteuid()); move it away or `chown` it"
            throw StorageProblem(path: path, detail: detail)
        }
        guard status.st_mode & 0o077 == 0 else {
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            let mode = String(status.st_mode & 0o777, radix: 8)
            let detail = "is open to others (mode \(mode)); run `chmod \(isFolder ? "700" : "600") \(path)`"
            throw StorageProblem(path: path, detail: detail)
        }
    }
}
