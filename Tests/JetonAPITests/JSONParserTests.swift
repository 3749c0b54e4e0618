import FoundationEssentials
import Testing

@testable import JetonAPI

struct JSONParserTests {
    private func offset(of text: String, _ dialect: JSONDialect = .json) -> Int? {
        do throws(JSONSyntaxError) {
            _ = try JSONDocument(Array(text.utf8), dialect: dialect)
            return nil
        } catch {
            return error.offset
        }
    }

    // The cases and their names follow JSONTestSuite (Seriot, "Parsing JSON is a Minefield").
    private static let malformed: [(text: String, offset: Int)] = [
        ("", 0), (" ", 1), ("[", 1), ("{", 1), ("]", 0), ("}", 0), ("[1", 2), ("[1,", 3), ("[1,]", 3), ("[,1]", 1),
        ("[1,,2]", 3), ("[1 2]", 3), ("[1}", 2), ("[]]", 2), ("[1]x", 3), ("[1]//", 3), ("[/**/1]", 1),
        ("{\"a\"}", 4), ("{\"a\":}", 5), ("{\"a\":1,}", 7), ("{\"a\" 1}", 5), ("{a:1}", 1), ("{'a':1}", 1),
        ("{1:1}", 1), ("{\"a\":1]", 6), ("{\"a\":1 \"b\":2}", 7), ("{,}", 1), ("{\"a\":1}{}", 7),
        ("['a']", 1), ("[\"a]", 1), ("[\"\\x41\"]", 2), ("[\"\\u12\"]", 6), ("[\"\\u123g\"]", 7), ("[\"\\", 1),
        ("[\"\\a\"]", 2), ("[\"\t\"]", 2), ("[\"\n\"]", 1), ("[\"\0\"]", 2),
        ("[01]", 1), ("[-01]", 1), ("[+1]", 1), ("[1.]", 1), ("[.1]", 1), ("[-]", 1), ("[1e]", 1), ("[1e+]", 1),
        ("[1.e1]", 1), ("[1eE2]", 1), ("[--1]", 1), ("[0x1]", 1), ("[1_000]", 1), ("[NaN]", 1), ("[Infinity]", 1),
        ("[-Infinity]", 1), ("[True]", 1), ("[nul]", 1), ("[truee]", 1), ("[undefined]", 1), ("\u{FEFF}[]", 0),
        ("[1\u{A0}]", 2), ("[\u{0C}]", 1), ("*", 0), ("\u{2028}1", 0),
    ]

    @Test(arguments: malformed)
    func `refuses what is not JSON, at its place`(_ text: String, _ offset: Int) {
        #expect(self.offset(of: text) == offset)
    }

    @Test(arguments: [
        "[]", "{}", " [ ] ", "0", "-0", "1.5", "-0.0e-10", "1E+2", "123456789012345678901234567890", "\"\"", "true",
        "null", "[[[]]]", "{\"\":{}}", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uD834\\uDD1E\"]", "[\"\u{7F}\u{2028}\"]",
        "\t\r\n{\"a\" : [ 1 , 2 ] }\n", "[1e400]", "[\"\\uD800\"]",
    ])
    func `accepts what is JSON`(_ text: String) {
        #expect(offset(of: text) == nil)
    }

    @Test(arguments: [
        "// c\n[]", "[/* * / ** */]", "{a:1,}", "[1,]", "{'a':'b'}", "{$_1:1}", "{ä:1}", "[+1,.5,5.,0xFf,-0X1]",
        "[Infinity,-Infinity,+NaN]", "'it\\'s'", "\"\\x41\\v\\0\\q\"", "'a\\\nb'", "'a\\\r\nb'", "\u{FEFF}[]",
        "[\u{0B}]",
        "[]//", "'\"'",
    ])
    func `accepts what only JSON5 has, in JSON5 alone`(_ text: String) {
        #expect(offset(of: text, .json5) == nil)
        #expect(offset(of: text, .json) != nil)
    }

    @Test(arguments: [
        ("[,]", 1), ("{,}", 1), ("[1,,]", 3), ("/", 0), ("[]/* ", 2), ("'a", 0), ("{a b:1}", 3), ("[01]", 1),
        ("[0x]", 1),
        ("[.]", 1), ("'\n'", 0), ("'\\x4'", 4), ("{:1}", 1), ("[] []", 3), ("[1\u{FEFF}]", 2),
    ])
    func `refuses what is not JSON5 either`(_ text: String, _ offset: Int) {
        #expect(self.offset(of: text, .json5) == offset)
    }

    @Test func `names line and column, in characters`() {
        let text = Array("{\n  \"ä\": \"🙂\", x\n}".utf8)
        let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument(text) }
        #expect(error?.reason == "a name in double quotes is expected, not \"x\"")
        #expect(TextPlace(of: error?.offset ?? 0, in: text).description == "line 2, column 13")
    }

    @Test(arguments: [
        ("[1", "the text ends where \",\" or \"]\" is expected"), ("[1 \u{1}", "not a control character"),
        ("{\"a\" 1}", "\":\" after the name \"a\" is expected, not \"1\""), ("", "a value is missing at the end"),
        ("[1] ü", "\"ü\" is not expected after the end of the value"), ("[\"x", "this string is never closed"),
        ("[yes]", "\"yes\" is neither a number nor true, false or null"), ("[\"\\p\"]", "\"\\p\" is no escape"),
    ])
    func `says what is wrong`(_ text: String, _ reason: String) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument(Array(text.utf8)) }
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
    }

    @Test func `nests 64 levels deep and not one more`() {
        let nested = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(offset(of: nested(64)) == nil)
        #expect(offset(of: nested(65)) == 64)
        // Recursion would end the process here.
        #expect(offset(of: String(repeating: "[{\"a\":", count: 100_000)) != nil)
    }

    @Test(arguments: [
        ("{\"a\":1,\"b\":2,\"a\":3}", 13), ("{\"a\":1,\"\\u0061\":2}", 7), ("[{},{\"x\":{\"y\":0,\"y\":0}}]", 16),
        ("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"b\":6}", 31),
        ("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"f\":7}", 37),
    ])
    func `finds a name that is given twice, however it is written`(_ text: String, _ offset: Int) throws {
        #expect(try JSONDocument(Array(text.utf8)).duplicates.first?.offset == offset)
    }

    @Test(arguments: [
        "{\"a\":{\"a\":1}}", "[{\"a\":1},{\"a\":1}]", "{\"a\":1,\"A\":1}",
    ])
    func `the same name in another object, or nearly the same, is no duplicate`(_ text: String) throws {
        #expect(try JSONDocument(Array(text.utf8)).duplicates.first == nil)
    }

    @Test(arguments: [
        "\"\\u00e9\"", "\"\\uD834\\uDD1E\"", "\"\\n\u{301}\"", "\"\u{600}\\n\"", "\"\\u00e9\u{301}\"",
        "\"a\\/b\\\\u0041\"",
        "\"\\\"\\b\\f\\r\\t\\u0000\"",
    ])
    func `reads the characters of a string as Foundation does`(_ text: String) throws {
        let document = try JSONDocument(Array(text.utf8))
        let own = try #require(document.string(of: document.root))
        let theirs = try JSONDecoder().decode(String.self, from: Data(text.utf8))
        #expect(Array(own.unicodeScalars) == Array(theirs.unicodeScalars))
    }

    @Test func `a lone surrogate becomes the replacement character`() throws {
        let document = try JSONDocument(Array("\"a\\uD800b\"".utf8))
        #expect(document.string(of: document.root) == "a\u{FFFD}b")
    }

    @Test func `gives each part's own bytes`() throws {
        let document = try JSONDocument(Array(" {\"a\": [1.0, \"\\u0041\"] } ".utf8))
        let list = try #require(document.root["a"])
        #expect(String(decoding: document.text(of: list), as: UTF8.self) == "[1.0, \"\\u0041\"]")
        #expect(document.root.range == 1..<24)
    }
}
