internal import FoundationEssentials

/// A folder for this run alone.
struct ScratchFolder {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "jeton-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        path = folder.path
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
