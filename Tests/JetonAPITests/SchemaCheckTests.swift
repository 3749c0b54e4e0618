import Testing

@testable import JetonAPI

struct SchemaCheckTests {
    private struct Tree: Decodable {
        struct Leaf: Decodable {
            var size: Int
            var color: Color?
        }
        var name: String
        var leaves: [Leaf]?
        var since: Moment?
        var notes: [String: Bool]?
        var weight: Double?
        var extra: [String: JSONValue]?
    }

    private enum Color: String, StringChoice { case green, brown }

    private static let long = String(repeating: "x", count: 70)

    @Test(arguments: [
        ("[]", "", "must be an object, not an array", 0),
        ("{}", "name", "is missing", 0),
        ("{\"name\":null}", "name", "must be a string, not null", 8),
        ("{\"name\":1}", "name", "must be a string, not a number", 8),
        ("{\"name\":\"n\",\"leaves\":{}}", "leaves", "must be an array, not an object", 21),
        ("{\"name\":\"n\",\"leaves\":[{\"size\":1},{}]}", "leaves[1].size", "is missing", 33),
        ("{\"name\":\"n\",\"leaves\":[{\"size\":1.0}]}", "leaves[0].size", "must be an integer, not 1.0", 30),
        ("{\"name\":\"n\",\"leaves\":[{\"size\":\"1\"}]}", "leaves[0].size", "must be an integer, not a string", 30),
        ("{\"name\":\"n\",\"leaves\":[null]}", "leaves[0]", "must be an object, not null", 22),
        (
            "{\"name\":\"n\",\"leaves\":[{\"size\":1,\"color\":\"red\"}]}", "leaves[0].color",
            "must be one of green, brown, not \"red\"", 40
        ),
        ("{\"name\":\"n\",\"since\":12}", "since", "must be a string, not a number", 20),
        ("{\"name\":\"n\",\"notes\":{\"a.b\":0}}", "notes.a.b", "must be true or false, not a number", 27),
        ("{\"name\":\"n\",\"weight\":\"1\"}", "weight", "must be a number, not a string", 21),
        (
            "{\"name\":\"n\",\"Name\":1}", "Name",
            "is not known here; known: extra, leaves, name, notes, since, weight", 12
        ),
        ("{\"name\":99999999999999999999}", "name", "must be a string, not a number", 8),
        (
            "{\"name\":\"n\",\"leaves\":[{\"size\":99999999999999999999}]}", "leaves[0].size",
            "must be an integer, not 99999999999999999999", 30
        ),
        (
            "{\"\(long)\":1}", "\(long.prefix(64))…",
            "is not known here; known: extra, leaves, name, notes, since, weight", 1
        ),
    ])
    func `names what is wrong and where`(_ text: String, _ path: String, _ problem: String, _ offset: Int) throws {
        let document = try JSONDocument(Array(text.utf8))
        let mismatch = #expect(throws: SchemaMismatch.self) {
            try Schema.of(Tree.self).check(document.root, in: document)
        }
        #expect(mismatch == SchemaMismatch(path: path, problem: problem, offset: offset))
    }

    @Test(arguments: [
        "{\"name\":\"\"}", "{\"name\":\"n\",\"leaves\":null,\"since\":null}", "{\"\\u006eame\":\"n\"}",
        "{\"name\":\"n\",\"leaves\":[{\"size\":-3,\"color\":\"br\\u006fwn\"}],\"weight\":3,\"notes\":{\"\":true}}",
        "{\"name\":\"n\",\"extra\":{\"anything\":[{\"goes\":null}]}}",
    ])
    func `accepts what has the shape`(_ text: String) throws {
        let document = try JSONDocument(Array(text.utf8))
        #expect(throws: Never.self) { try Schema.of(Tree.self).check(document.root, in: document) }
    }

    @Test func `a type without members knows none`() throws {
        let document = try JSONDocument(Array("{\"x\":1}".utf8))
        let mismatch = #expect(throws: SchemaMismatch.self) {
            try Schema.of(Ping.self).check(document.root, in: document)
        }
        #expect(mismatch?.problem == "is not known here; known: none")
    }
}
