internal import FoundationEssentials
public import JetonAPI

extension Configuration {
    /// Reads `config.json5`, then `config.d/*.json5` in the order of their names; what comes later wins.
    /// Files that are not there are fine.
    public static func read(folder: String) throws(ConfigurationProblem) -> Configuration {
        var configuration = Configuration()
        for file in try ConfigurationFiles.read(folder: folder) {
            configuration.apply(try ConfigurationFile(file.text, from: file.path), folder: folder)
        }
        return configuration
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
        guard text.contains(where: { !" \t\r\n".utf8.contains($0) }) else {
            throw ConfigurationProblem(file: path, detail: "is empty; where nothing is to be set, write {} there")
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
            try Self.checkPinentry(document)
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

    /// The agent runs no program; that of its prompt is only looked at here, so that a mistake shows early.
    private static func checkPinentry(_ document: JSONDocument) throws(SchemaMismatch) {
        guard let node = document.root["pinentry"], let path = document.string(of: node), !path.hasPrefix("/") else {
            return
        }
        let problem = "must be a whole path, from / on"
        throw SchemaMismatch(path: "pinentry", problem: problem, offset: node.range.lowerBound)
    }

    /// A fortnight in milliseconds, or a gigabyte: nobody means more.
    private static let largest = 1_209_600_000
    /// Ten minutes: the unit of a prompt has little more (RuntimeMaxSec= in jeton-prompt@.service).
    private static let longestPrompt = 600_000

    /// Numbers that are integers and still make no sense.
    private static func checkRanges(_ document: JSONDocument) throws(SchemaMismatch) {
        if let timeout = document.root["prompt_timeout_ms"] {
            try checkRange(timeout, "prompt_timeout_ms", upTo: longestPrompt, in: document)
        }
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
        upTo most: Int = largest,
        in document: JSONDocument
    ) throws(SchemaMismatch) {
        guard let value = document.integer(of: node), !(1...most).contains(value) else { return }
        let problem = value < 1 ? "must be at least 1" : "must be at most \(most)"
        throw SchemaMismatch(path: path, problem: problem, offset: node.range.lowerBound)
    }
}

extension JSONDocument {
    fileprivate func integer(of node: JSONNode) -> Int? {
        guard node.content == .number else { return nil }
        return Int(String(decoding: text(of: node), as: UTF8.self))
    }
}
