import Testing

/// Lines of every kind that clients send, well or badly made, each with what the agent makes of it.
struct ProtocolCase: CustomTestStringConvertible, Sendable {
    let name: String
    let line: [UInt8]
    /// What the answer has in it; nil where there is none.
    let answer: [String]?

    var testDescription: String { name }

    static let all = wellFormed + malformed + undecided + notUTF8 + ids + twice + lines + batches
}

extension ProtocolCase {
    private static let pong = [#""id":1,"#, #""result":{}"#]
    private static let unreadable = [#""id":null,"#, #""code":-32700"#]
    private static let unfit = [#""id":null,"#, #""code":-32600"#]

    /// A ping with a member that nobody knows, which has this value.
    private static func ping(with value: [UInt8]) -> [UInt8] {
        Array(#"{"jsonrpc":"2.0","id":1,"method":"agent.ping","x":"#.utf8) + value + Array("}".utf8)
    }

    private static func values(_ texts: [String], _ answer: [String]) -> [ProtocolCase] {
        texts.map { ProtocolCase(name: $0, line: ping(with: Array($0.utf8)), answer: answer) }
    }

    private static func whole(_ name: String, _ line: String, _ answer: [String]?) -> ProtocolCase {
        ProtocolCase(name: name, line: Array(line.utf8), answer: answer)
    }

    // Values after JSONTestSuite (Seriot, "Parsing JSON is a Minefield"): those of every y_ file…
    private static let wellFormed = values(
        [
            "[[]   ]", "[\"\"]", "[]", "[\"a\"]", "[false]", "[null, 1, \"1\", {}]", "[1,null,null,null,2]", "[2] ",
            "[123e65]", "[0e+1]", "[0e1]", "[ 4]", "[-0.0000000000000000000000000000000000000000000000000000001]",
            "[20e1]", "[-0]", "[-123]", "[-1]", "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]",
            "[123.456789]", "{\"asd\":\"sdf\", \"dfg\":\"fgh\"}", "{}", "{\"\":0}", "{\"foo\\u0000bar\": 42}",
            "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }", "{\"a\":[]}",
            "{\"title\":\"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430\"}",
            "[\"\\u0060\\u012a\\u12AB\"]", "[\"\\uD801\\udc37\"]", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
            "[\"\\\\u0000\"]",
            "[\"a/*b*/c/*d//e\"]", "[\"\\\\a\"]", "[\"\\u0012\"]", "[\"\\uFFFF\"]", "[\"\u{10FFFF}\"]",
            "[\"\u{FFFF}\"]",
            "[\"\\u0000\"]", "[\"\\u002c\"]", "[\"π\"]", "[\"\u{1BFFF}\"]", "[\"\u{2028}\u{2029}\"]", "[\"\u{7F}\"]",
            "[\"\\uDBFF\\uDFFE\"]", "[\"⍂㈴⍂\"]", " \" \" ", "42", "-0.1", "true", "null", "\t[\t]\t",
        ],
        pong
    )

    // … those of the n_ files…
    private static let malformed =
        values(
            [
                "", "[1 true]", "[a]", "[\"\": 1]", "[\"\"],", "[,1]", "[1,,2]", "[\"x\",,]", "[\"x\"]]", "[\"\",]",
                "[\"x\"", "[3[4]]", "[1:2]", "[1;2]", "[,]", "[-]", "[   , \"\"]", "[\"a\",4,1,", "[*]", "[1,", "[{}",
                "[fals]", "[nul]", "[tru]", "[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]", "[-NaN]",
                "[.-1]", "[.2e-3]", "[0.1.2]", "[0.3e+]", "[0.3e]", "[0.e1]", "[0E+]", "[0E]", "[1.0e+]", "[1.0e-]",
                "[1 000.0]", "[1eE2]", "[2.e+3]", "[2.e3]", "[9.e+]", "[Inf]", "[NaN]", "[\u{FF11}]", "[1+2]",
                "[0x1]", "[0x42]", "[Infinity]", "[0e+-1]", "[-123.123foo]", "[-Infinity]", "[-foo]", "[- 1]",
                "[-012]", "[-.123]", "[1ea]", "[1.]", "[.123]", "[1.2a-3]", "[012]", "[\"x\", truth]", "{[: \"x\"}",
                "{\"x\", null}", "{\"x\"::\"b\"}", "{🇨🇭}", "{\"a\":\"a\" 123}", "{key: 'value'}", "{\"a\" b}",
                "{:\"b\"}", "{\"a\":", "{1:1}", "{9999E9999:1}", "{null:null}", "{\"id\":0,,,,,}", "{'a':0}",
                "{\"id\":0,}", "{\"a\":\"b\"}/**/", "{\"a\":\"b\"}//", "{\"a\":\"b\",,\"c\":\"d\"}", "{a: \"b\"}",
                "{\"a\":\"a", "{\"a\":\"b\"}#", "[\"\\uD800\\\"]", "[\"\\uD800\\u\"]", "[\"\\uD800\\u1\"]",
                "[\"\\x00\"]",
                "[\"\\\\\\\"]", "[\"\\\t\"]", "[\"\\🌀\"]", "[\"\\\"]", "[\"\\u00A\"]", "[\"\\a\"]", "[\"\\uqqqq\"]",
                "[\\u0020\"asd\"]", "[\\n]", "\"", "['single quote']", "abc", "[\"a\0a\"]", "[\"\t\"]", "\"\\UA66D\"",
                "\"\"x", "[\u{2060}]", "<.>", "[<null>]", "[1]x", "[1]]", "[True]", "1]", "{\"x\": true,", "[][]", "]",
                "[\0]", "2@", "{}}", "{\"\":", "{\"a\":/*comment*/\"b\"}", "{\"a\": true} \"x\"", "['", "[,", "[{",
                "[\"a", "{", "{]", "{,", "{[", "{\"a", "{'a'", "[\"\\{[\"\\{", "*", "{\"a\":\"b\"}#{}", "å", "[\u{0C}]",
                "\u{FEFF}[]", "[\u{A0}]",
            ],
            unreadable
        ) + [whole("a line that stops", #"{"jsonrpc":"2.0","id":1,"method":"#, unreadable)]

    // … and those of the i_ files, where the agent has decided for itself.
    private static let undecided =
        values(
            [
                "[123.456e-789]", "[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999969]",
                "[-1e+9999]", "[1.5e+9999]", "[-123123e100000]", "[123123e100000]", "[123123123123123123123123123123]",
                "[-123123123123123123123123123123]", "[\"\\uDADA\"]", "[\"\\uD888\\u1234\"]", "[\"\\uD800\\n\"]",
                "[\"\\uDd1ea\"]", "[\"\\uD800\\uD800\\n\"]", "[\"\\ud800\"]", "[\"\\ud800abc\"]",
                "[\"\\uDd1e\\uD834\"]",
                "[\"\\uDFAA\"]", String(repeating: "[", count: 63) + String(repeating: "]", count: 63),
            ],
            pong
        )
        + values(
            [
                String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
                String(repeating: "[", count: 60_000), String(repeating: "{\"a\":", count: 12_000),
            ],
            unreadable
        )

    private static let brokenCharacters: [(name: String, bytes: [UInt8])] = [
        ("a byte that goes on with nothing", [0x80]), ("the last such byte", [0xBF]),
        ("two bytes, one missing", [0xC3]), ("three bytes, one missing", [0xE2, 0x82]),
        ("four bytes, one missing", [0xF0, 0x9F, 0x98]), ("two bytes for a zero", [0xC0, 0x80]),
        ("two bytes for a slash", [0xC1, 0xAF]), ("three bytes for a slash", [0xE0, 0x80, 0xAF]),
        ("three bytes where two do", [0xE0, 0x9F, 0xBF]), ("four bytes where three do", [0xF0, 0x8F, 0xBF, 0xBF]),
        ("half of a pair", [0xED, 0xA0, 0x80]), ("a pair by halves", [0xED, 0xA0, 0xB4, 0xED, 0xB4, 0x9E]),
        ("above the last character", [0xF4, 0x90, 0x80, 0x80]), ("far above it", [0xF7, 0xBF, 0xBF, 0xBF]),
        ("five bytes", [0xF8, 0x88, 0x80, 0x80, 0x80]), ("six bytes", [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80]),
        ("0xFE", [0xFE]), ("0xFF", [0xFF]), ("Latin-1", [0xE9, 0x74, 0xE9]),
    ]

    private static let notUTF8 = brokenCharacters.flatMap { name, bytes in
        let text = Array("\"".utf8) + bytes + Array("\"".utf8)
        return [
            ProtocolCase(name: "\(name), in a string", line: ping(with: text), answer: unreadable),
            ProtocolCase(name: "\(name), outside", line: ping(with: bytes), answer: unreadable),
            ProtocolCase(name: "\(name), at the end", line: Array("\"".utf8) + bytes, answer: unreadable),
        ]
    }

    private static let ids = [
        "0", "-0", "1.0", "1e2", "1E+2", "-1.50", "123456789012345678901234567890", "-0.0e-10", "1e400", "null", "\"\"",
        "\"a b\"", "\"\\u00e9\\/\\\"\\\\\"", "\"é\u{301}\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"😀\"",
    ].map { id in
        whole(
            "id \(id)",
            #"{"jsonrpc":"2.0", "id" : \#(id) ,"method":"agent.ping"}"#,
            [#""id":\#(id),"#, #""result":{}"#]
        )
    }

    private static let twice =
        [
            #"{"jsonrpc":"2.0","id":1,"id":1,"method":"agent.ping"}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"agent.ping","method":"agent.ping"}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"agent.ping","m\u0065thod":"agent.lock"}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"agent.ping","params":{"a":1,"a":1}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"agent.ping","x":[{"y":{"z":0,"z":1}}]}"#,
        ].map { whole("twice: \($0)", $0, unfit) }

    private static let request = #"{"jsonrpc":"2.0","id":1,"method":"agent.ping"}"#

    private static let lines = [
        whole("a carriage return before the newline", request + "\r", pong),
        whole("blanks around", " \t\(request)\t ", pong), whole("an empty line", "", unreadable),
        whole("a line of blanks", " \t\r", unreadable), whole("a byte of zeros", "\0", unreadable),
        whole("zeros before", "\0\(request)", unreadable), whole("zeros behind", "\(request)\0\0", unreadable),
        whole("UTF-16", request.map { "\($0)\0" }.joined(), unreadable),
        whole("a byte order mark", "\u{FEFF}\(request)", unreadable),
        whole("two on one line", request + request, unreadable),
        whole("null", "null", unfit), whole("a number", "1", unfit), whole("a text", "\"agent.ping\"", unfit),
        whole("an object with nothing in it", "{}", unfit),
        whole("another version", #"{"jsonrpc":"1.0","id":1,"method":"agent.ping"}"#, [#""id":1,"#, #""code":-32600"#]),
        whole("a notification", #"{"jsonrpc":"2.0","method":"agent.ping"}"#, nil),
        whole("a notification that nobody knows", #"{"jsonrpc":"2.0","method":"no.such","params":[1]}"#, nil),
    ]

    private static func batch(_ members: [String]) -> String { "[" + members.joined(separator: ",") + "]" }

    private static let batches = [
        whole("a batch of none", "[]", unfit), whole("a batch of one", batch([request]), ["[{"] + pong),
        whole("a batch of 32", batch(Array(repeating: request, count: 32)), ["[{"] + pong),
        whole("a batch of 33", batch(Array(repeating: request, count: 33)), unfit + ["at most 32 requests"]),
        whole("a batch of what is no request", "[1,null]", ["[{"] + unfit),
        whole("a batch in a batch", "[[]]", ["[{"] + unfit),
        whole("a batch that stops", "[\(request),{\"jsonrpc\"]", unreadable),
        whole(
            "a mixed batch",
            batch([
                request, #"{"jsonrpc":"2.0","method":"agent.ping"}"#, "7", #"{"jsonrpc":"2.0","id":2,"method":"x"}"#,
            ]),
            ["[{"] + pong + unfit + [#""id":2,"#, #""code":-32601"#]
        ),
        whole(
            "a batch of notifications",
            batch(Array(repeating: #"{"jsonrpc":"2.0","method":"agent.ping"}"#, count: 3)),
            nil
        ),
    ]
}
