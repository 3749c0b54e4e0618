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

    @Test(arguments: [
        ("unix:path=/run/dbus/system_bus_socket", "/run/dbus/system_bus_socket"),
        ("unix:abstract=x;unix:guid=1,path=/tmp/a%20b;unix:path=/c", "/tmp/a b"),
        ("unix:path=/a%2", nil), ("tcp:host=localhost,port=1", nil), ("", nil), ("unix:", nil),
    ])
    func `an address names a socket's path, or none that can be used`(address: String, path: String?) {
        #expect(BusAddress.path(in: address) == path)
    }
}
