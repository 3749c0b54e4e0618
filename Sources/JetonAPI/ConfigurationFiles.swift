internal import FoundationEssentials
internal import Glibc

/// What is wrong with a configuration file, and where.
public struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    public var place: TextPlace?
    public var detail: String

    public init(file: String, place: TextPlace? = nil, detail: String) {
        self.file = file
        self.place = place
        self.detail = detail
    }

    public var description: String { "\(file)\(place.map { ", \($0)" } ?? ""): \(detail)" }
}

/// The files of a configuration: `config.json5`, then `config.d/*.json5` in the order of their names; what comes later
/// wins. Files that are not there are fine. What others could change is refused: it says who has to agree, and names a
/// program to run.
public enum ConfigurationFiles {
    /// Settings of thousands of accounts; what is longer is some other file.
    private static let maximumBytes = 1024 * 1024

    public static func read(folder: String) throws(ConfigurationProblem) -> [(path: String, text: [UInt8])] {
        var files: [(path: String, text: [UInt8])] = []
        try requireTrustworthy(folder: folder)
        for name in ["config.json5"] + (try more(in: "\(folder)/config.d")) {
            let path = "\(folder)/\(name)"
            if let text = try content(of: path) { files.append((path, text)) }
        }
        return files
    }

    private static func more(in folder: String) throws(ConfigurationProblem) -> [String] {
        try requireTrustworthy(folder: folder)
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            return names.filter { $0.hasSuffix(".json5") }.sorted().map { "config.d/\($0)" }
        } catch {
            let code = (error as? CocoaError)?.code
            guard code == .fileReadNoSuchFile || code == .fileNoSuchFile else {
                throw ConfigurationProblem(file: folder, detail: "cannot be listed; is it a folder, and yours?")
            }
            try requireNoLink(at: folder)
            return []
        }
    }

    /// What cannot be looked at here shows where it is listed or read.
    private static func requireTrustworthy(folder: String) throws(ConfigurationProblem) {
        var status = stat()
        guard unsafe stat(folder, &status) == 0 else { return }
        if let flaw = Ownership(status).flaw(of: folder) { throw ConfigurationProblem(file: folder, detail: flaw) }
    }

    /// The very file that was looked at is read, whatever its name leads to meanwhile.
    private static func content(of path: String) throws(ConfigurationProblem) -> [UInt8]? {
        let unreadable = ConfigurationProblem(file: path, detail: "cannot be read; is it a file, and yours?")
        // A pipe must not make us wait for its other end.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw unreadable }
            try requireNoLink(at: path)
            return nil
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw unreadable }
        if let flaw = Ownership(status).flaw(of: path) { throw ConfigurationProblem(file: path, detail: flaw) }
        guard status.st_size <= maximumBytes else {
            let detail = "has more than \(maximumBytes) bytes, which no configuration needs; is it another file?"
            throw ConfigurationProblem(file: path, detail: detail)
        }
        guard let text = content(of: descriptor) else { throw unreadable }
        return text
    }

    /// - Returns: nil where it cannot be read to its end.
    private static func content(of descriptor: CInt) -> [UInt8]? {
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return text }
            guard count > 0 || errno == EINTR else { return nil }
            text += chunk[..<max(count, 0)]
        }
    }

    /// Only what is not there is left out in peace: a file that cannot be read might forbid something. So might what a
    /// link leads to.
    private static func requireNoLink(at path: String) throws(ConfigurationProblem) {
        guard let place = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return }
        throw ConfigurationProblem(
            file: path,
            detail: """
                is a link to \(place), which cannot be seen from here; put the file itself there, for the service's \
                sandbox hides the rest of the home folder
                """
        )
    }
}
