import JetonAPI
import Testing

@testable import SSOCallback

struct CallbackAddressTests {
    private let address = CallbackAddress(host: "127.0.0.1", port: 34567, path: "/s-abc")

    private func problem(of text: String) -> CallbackAddress.Problem? {
        do throws(CallbackAddress.Problem) {
            _ = try address.loginToken(inAddress: text)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:34567/s-abc?loginToken=syl_x", "HTTP://127.0.0.1:34567/s-abc?loginToken=syl_x&other=1",
        // Copied over the end of a terminal's line, and with what escaping adds.
        " http://127.0.0.1:34567/s-abc?logi\nnToken=syl%5Fx ",
    ])
    func `takes the login token out of a pasted address`(text: String) throws {
        #expect(try address.loginToken(inAddress: text).reveal() == "syl_x")
    }

    @Test(arguments: ["syl_bare", "", "127.0.0.1:34567/s-abc?loginToken=x"])
    func `a bare token is no address`(text: String) { #expect(problem(of: text) == .noAddress) }

    @Test(arguments: [
        "http://127.0.0.1:34567/s-abd?loginToken=x", "http://127.0.0.1:34568/s-abc?loginToken=x",
        "http://127.0.0.1/s-abc?loginToken=x", "https://127.0.0.1:34567/s-abc?loginToken=x",
        "http://localhost:34567/s-abc?loginToken=x", "http://evil@127.0.0.1:34567/s-abc?loginToken=x",
        "http://127.0.0.1:34567/s-abc/?loginToken=x", "http://127.0.0.1:34567/S-abc?loginToken=x",
    ])
    func `another login's address is refused`(text: String) { #expect(problem(of: text) == .elsewhere) }

    @Test(arguments: [
        "", "?", "?loginToken", "?loginToken=", "?logintoken=x", "?loginToken=a&loginToken=b", "?loginToken=a%0Ab",
    ])
    func `an address without one token that could be one has none`(query: String) {
        #expect(problem(of: "http://127.0.0.1:34567/s-abc\(query)") == .noToken)
    }

    @Test func `a browser's target is told by its path alone`() throws {
        #expect(try address.loginToken(inTarget: "/s-abc?loginToken=syl_x").reveal() == "syl_x")
        for target in ["/favicon.ico", "//127.0.0.1/s-abc?loginToken=x", "http://127.0.0.1/s-abc?loginToken=x", "*"] {
            #expect(throws: CallbackAddress.Problem.elsewhere) { try address.loginToken(inTarget: target) }
        }
    }
}
