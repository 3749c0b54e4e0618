internal import FoundationEssentials

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
/// wins. Files that are not there are fine.
public enum ConfigurationFiles {
    public static func read(folder: String) throws(ConfigurationProblem) -> [(path: String, text: [UInt8])] {
        var files: [(path: String, text: [UInt8])] = []
        for name in ["config.json5"] + (try more(in: "\(folder)/config.d")) {
            let path = "\(folder)/\(name)"
            if let text = try content(of: path) { files.append((path, text)) }
        }
        return files
    }

    private static func more(in folder: String) throws(ConfigurationProblem) -> [String] {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            return names.filter { $0.hasSuffix(".json5") }.sorted().map { "config.d/\($0)" }
        } catch {
            if try isMissing(folder, error) { return [] }
            throw ConfigurationProblem(file: folder, detail: "cannot be listed; is it a folder, and yours?")
        }
    }

    private static func content(of path: String) throws(ConfigurationProblem) -> [UInt8]? {
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            if try isMissing(path, error) { return nil }
            throw ConfigurationProblem(file: path, detail: "cannot be read; is it a file, and yours?")
        }
    }

    /// Only what is not there is left out in peace: a file that cannot be read might forbid something. So might what a
    /// link leads to.
    private static func isMissing(_ path: String, _ error: any Error) throws(ConfigurationProblem) -> Bool {
        let code = (error as? CocoaError)?.code
        guard code == .fileReadNoSuchFile || code == .fileNoSuchFile else { return false }
        guard let place = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return true }
        throw ConfigurationProblem(
            file: path,
            detail: """
                is a link to \(place), which cannot be seen from here; put the file itself there, for the service's \
                sandbox hides the rest of the home folder
                """
        )
    }
}
