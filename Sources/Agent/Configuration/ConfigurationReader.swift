internal import FoundationEssentials
public import JetonAPI

/// What is wrong with a configuration file, and where.
public struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    public var place: TextPlace?
    public var detail: String

    public var description: String { "\(file)\(place.map { ", \($0)" } ?? ""): \(detail)" }
}

extension Configuration {
    /// Reads `config.json5`, then `config.d/*.json5` in the order of their names; what comes later wins.
    /// Files that are not there are fine.
    public static func read(folder: String) throws(ConfigurationProblem) -> Configuration {
        var configuration = Configuration()
        for name in ["config.json5"] + (try more(in: "\(folder)/config.d")) {
            let path = "\(folder)/\(name)"
            guard let text = try content(of: path) else { continue }
            configuration.apply(try ConfigurationFile(text, from: path), folder: folder)
        }
        return configuration
    }

    private static func more(in folder: String) throws(ConfigurationProblem) -> [String] {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            return names.filter { $0.hasSuffix(".json5") }.sorted().map { "config.d/\($0)" }
        } catch {
            if isMissing(error) { return [] }
            throw ConfigurationProblem(file: folder, detail: "cannot be listed; is it a folder, and yours?")
        }
    }

    private static func content(of path: String) throws(ConfigurationProblem) -> [UInt8]? {
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            if isMissing(error) { return nil }
            throw ConfigurationProblem(file: path, detail: "cannot be read; is it a file, and yours?")
        }
    }

    /// Only what is not there is left out in peace: a file that cannot be read might forbid something.
    private static func isMissing(_ error: any Error) -> Bool {
        let code = (error as? CocoaError)?.code
        return code == .fileReadNoSuchFile || code == .fileNoSuchFile
    }
}

extension ConfigurationFile {
    /// Foundation's decoder knows no places, so the text is looked through before it is decoded.
    init(_ text: [UInt8], from path: String) throws(ConfigurationProblem) {
        // Foundation's decoder ends the process at a key in another encoding.
        do {
            _ = try UTF8Span(validating: text.span)
        } catch {
            let place = TextPlace(of: error.byteOffsets.lowerBound, in: text)
            throw ConfigurationProblem(file: path, place: place, detail: "is not UTF-8 from here on; save it as such")
        }
        let document: JSONDocument
        do {
            document = try JSONDocument(text, dialect: .json5)
        } catch {
            let place = TextPlace(of: error.offset, in: text)
            throw ConfigurationProblem(file: path, place: place, detail: error.reason)
        }
        if let duplicate = document.duplicates.first {
            let place = document.place(of: duplicate.offset)
            throw ConfigurationProblem(file: path, place: place, detail: "\"\(duplicate.name)\" is given twice")
        }
        do throws(SchemaMismatch) {
            try Schema.of(ConfigurationFile.self).check(document.root, in: document)
            try Self.checkRanges(document)
            try RestrictedSocket.check(document)
        } catch {
            let subject = error.path.isEmpty ? "the file" : error.path
            let place = document.place(of: error.offset)
            throw ConfigurationProblem(file: path, place: place, detail: "\(subject) \(error.problem)")
        }
        do {
            self = try JSONCoding.decoder(dialect: .json5).decode(Self.self, from: Data(text))
        } catch {
            throw ConfigurationProblem(file: path, detail: "cannot be read: \(error)")
        }
    }

    /// A fortnight in milliseconds, or a gigabyte: nobody means more.
    private static let largest = 1_209_600_000

    /// Numbers that are integers and still make no sense.
    private static func checkRanges(_ document: JSONDocument) throws(SchemaMismatch) {
        for section in ["limits", "socket"] {
            for member in document.root[section]?.members ?? [] {
                let path = "\(section).\(member.name)"
                try checkRange(member.value, path, in: document)
                for inner in member.value.members ?? [] {
                    try checkRange(inner.value, "\(path).\(inner.name)", in: document)
                }
            }
        }
    }

    private static func checkRange(
        _ node: JSONNode,
        _ path: String,
        in document: JSONDocument
    ) throws(SchemaMismatch) {
        guard let value = document.integer(of: node), !(1...largest).contains(value) else { return }
        let problem = value < 1 ? "must be at least 1" : "must be at most \(largest)"
        throw SchemaMismatch(path: path, problem: problem, offset: node.range.lowerBound)
    }
}

extension JSONDocument {
    fileprivate func integer(of node: JSONNode) -> Int? {
        guard node.content == .number else { return nil }
        return Int(String(decoding: text(of: node), as: UTF8.self))
    }
}
