import SystemPackage
import Testing

@testable import Systemd

struct BusConversationTests {
    @Test func `it introduces itself, and says no more before it is answered`() throws {
        let conversation = try BusConversation()
        let greeting = conversation.outgoing()
        #expect(greeting.first == 0)
        #expect(String(decoding: greeting.dropFirst(), as: UTF8.self).hasPrefix("AUTH EXTERNAL\r\n"))
        let call = BusCall("org.example", "/", "org.example", "Do", [.string("x"), .number(7)])
        #expect(try conversation.send(call) != (try conversation.send(call)))
        #expect(conversation.outgoing() == [])
    }

    @Test(arguments: [
        "REJECTED EXTERNAL\r\nERROR\r\n", "DATA\r\nERROR\r\n", String(repeating: "x", count: 300_000),
        "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n" + String(repeating: "?", count: 4096),
    ])
    func `what is no bus ends the conversation, and nothing else`(words: String) throws {
        let conversation = try BusConversation()
        _ = conversation.outgoing()
        #expect(throws: Errno.self) {
            // A first part may look well.
            _ = try conversation.take(Array(words.utf8.prefix(7)))
            _ = try conversation.take(Array(words.utf8.dropFirst(7)))
            _ = try conversation.take([0])
        }
    }

    /// Anybody on the machine may send us a signal, of any form and size.
    @Test(arguments: [
        // A descriptor that did not come along.
        ("h", Wire.number(0)),
        ("ay", Wire.number(1 << 20) + [UInt8](repeating: 0, count: 1 << 20)),
    ])
    func `what cannot be read, or is too much, is no signal, and the conversation goes on`(
        _ signature: String,
        _ body: [UInt8]
    ) throws {
        let conversation = try BusConversation()
        #expect(try conversation.take(Wire.welcome) == [])
        let fields = [Wire.Field.path("/a"), .interface("a.b"), .member("C"), .sender(":1.9")]
        let stranger = Wire.message(.signal, fields, signature, body)
        let heard = try conversation.take(stranger)
        #expect(heard.map(\.kind) == [.other])
        #expect(heard.map(\.arguments.count) == [0])
        let plain = Wire.message(.signal, fields, "u", Wire.number(7))
        let kind = BusMessage.Kind.signal(path: "/a", interface: "a.b", member: "C")
        #expect(try conversation.take(plain) == [BusMessage(kind, from: ":1.9", [.integer(7)])])
        // The answer to a call is another matter: only the bus can have let it through.
        let answer = Wire.message(.result, [.replySerial(2), .sender(":1.9")], signature, body)
        #expect(throws: Errno.self) { _ = try conversation.take(answer) }
    }

    @Test(arguments: [
        ("unix:path=/run/dbus/system_bus_socket", "/run/dbus/system_bus_socket"),
        ("unix:abstract=x;unix:guid=1,path=/tmp/a%20b;unix:path=/c", "/tmp/a b"),
        ("unix:path=/a%2", nil), ("tcp:host=localhost,port=1", nil), ("", nil), ("unix:", nil),
    ])
    func `an address names a socket's path, or none that can be used`(address: String, path: String?) {
        #expect(BusAddress.path(in: address) == path)
    }
}

/// What a bus sends (D-Bus specification, "Message Format").
private enum Wire {
    enum Kind: UInt8 { case result = 2, signal = 4 }

    enum Field {
        case path(String), interface(String), member(String), replySerial(UInt32), sender(String)

        fileprivate var code: UInt8 {
            switch self {
            case .path: 1
            case .interface: 2
            case .member: 3
            case .replySerial: 5
            case .sender: 7
            }
        }

        fileprivate var variant: [UInt8] {
            switch self {
            case .path(let text): Wire.signature("o") + Wire.string(text)
            case .interface(let text), .member(let text), .sender(let text): Wire.signature("s") + Wire.string(text)
            case .replySerial(let number): Wire.signature("u") + Wire.number(number)
            }
        }
    }

    /// The bus lets us in, and answers our first call, which greets it.
    static let welcome: [UInt8] =
        Array("DATA\r\nOK 0123456789abcdef0123456789abcdef\r\n".utf8)
        + message(.result, [.replySerial(1), .sender("org.freedesktop.DBus")], "s", string(":1.5"))

    static func number(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    static func string(_ text: String) -> [UInt8] { number(UInt32(text.utf8.count)) + Array(text.utf8) + [0] }

    static func message(_ kind: Kind, _ fields: [Field], _ signature: String, _ body: [UInt8]) -> [UInt8] {
        var head: [UInt8] = []
        for field in fields {
            pad(&head, to: 8)
            head += [field.code] + field.variant
        }
        pad(&head, to: 8)
        head += [8] + Self.signature("g") + Self.signature(signature)
        var all = [UInt8(ascii: "l"), kind.rawValue, 0, 1] + number(UInt32(body.count)) + number(77)
        all += number(UInt32(head.count)) + head
        pad(&all, to: 8)
        return all + body
    }

    private static func signature(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) + [0] }

    private static func pad(_ bytes: inout [UInt8], to width: Int) {
        while !bytes.count.isMultiple(of: width) { bytes.append(0) }
    }
}
