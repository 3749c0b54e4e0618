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
        let more = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/config.d")) ?? []
        let files = ["config.json5"] + more.filter { $0.hasSuffix(".json5") }.sorted().map { "config.d/\($0)" }
        for name in files {
            let path = "\(folder)/\(name)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            guard let data = FileManager.default.contents(atPath: path) else {
                throw ConfigurationProblem(file: path, detail: "cannot be read; is it a file, and yours?")
            }
            configuration.apply(try ConfigurationFile(Array(data), from: path), folder: folder)
        }
        return configuration
    }
}

extension ConfigurationFile {
    /// Foundation's decoder knows no places, so the text is looked through before it is decoded.
    init(_ text: [UInt8], from path: String) throws(ConfigurationProblem) {
        let document: JSONDocument
        do {
            document = try JSONDocument(text, dialect: .json5)
        } catch {
            let place = TextPlace(of: error.offset, in: text)
            throw ConfigurationProblem(file: path, place: place, detail: error.reason)
        }
        if let duplicate = document.firstDuplicate {
            let place = document.place(of: duplicate.offset)
            throw ConfigurationProblem(file: path, place: place, detail: "\"\(duplicate.name)\" is given twice")
        }
        do throws(SchemaMismatch) {
            try Schema.of(ConfigurationFile.self).check(document.root, in: document)
            try Self.checkRanges(document)
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

    /// Numbers that are integers and still make no sense.
    private static func checkRanges(_ document: JSONDocument) throws(SchemaMismatch) {
        for section in ["limits", "socket"] {
            for member in document.root[section]?.members ?? [] {
                let numbers = member.value.members ?? [member]
                for number in numbers where document.integer(of: number.value).map({ $0 < 1 }) ?? false {
                    let path =
                        number == member ? "\(section).\(member.name)" : "\(section).\(member.name).\(number.name)"
                    throw SchemaMismatch(
                        path: path,
                        problem: "must be at least 1",
                        offset: number.value.range.lowerBound
                    )
                }
            }
        }
    }
}

extension JSONDocument {
    fileprivate func integer(of node: JSONNode) -> Int? {
        guard node.content == .number else { return nil }
        return Int(String(decoding: text(of: node), as: UTF8.self))
    }
}
