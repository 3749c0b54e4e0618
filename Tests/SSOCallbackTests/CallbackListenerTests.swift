import JetonAPI
import NIOPosix
import SSOCallback
import Testing

/// The listener, on real sockets.
@Suite(.timeLimit(.minutes(5)))
struct CallbackListenerTests {
    private func listener(
        for life: Duration = .seconds(60),
        patience: Duration = .seconds(60)
    ) async throws -> CallbackListener {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await CallbackListener.open(path: "/s-secret", on: loop, for: life, patience: patience)
    }

    private func status(_ answer: String?) -> String? {
        answer?.split(separator: " ").dropFirst().first.map(String.init)
    }

    @Test func `the browser's login token arrives, once, for all who wait, and nothing of it is on the page`()
        async throws
    {
        let listener = try await listener()
        async let waiting = (listener.loginToken(), listener.loginToken())
        let page = try #require(
            await Visitor.get("/s-secret?loginToken=canary-token", at: listener.address.port)
        )
        #expect(status(page) == "200")
        #expect(page.contains("go back to where you began"))
        #expect(!page.contains("canary"))
        for header in ["Cache-Control: no-store", "Referrer-Policy: no-referrer", "default-src 'none'"] {
            #expect(page.contains(header), "\(header)")
        }
        #expect(!page.contains("<script") && !page.contains("src=") && !page.contains("href="))
        let (one, two) = await waiting
        #expect(one == Secret("canary-token") && two == one)
        // It has done what it was for, and listens no longer, if not from this very moment on.
        while let late = await Visitor.get("/s-secret?loginToken=canary-other", at: listener.address.port) {
            #expect(status(late) != "200")
        }
        #expect(await listener.loginToken() == one)
    }

    @Test(arguments: [
        ("/s-secret", "GET", "400"), ("/s-secret?loginToken=x", "POST", "405"),
        ("/s-secret?loginToken=x", "HEAD", "405"),
        ("/s-secre?loginToken=x", "GET", "404"), ("/?loginToken=x", "GET", "404"), ("/favicon.ico", "GET", "404"),
    ])
    func `nothing else is taken, and the browser may still come`(target: String, method: String, expected: String)
        async throws
    {
        let listener = try await listener()
        #expect(status(await Visitor.get(target, method: method, at: listener.address.port)) == expected)
        #expect(status(await Visitor.get("/s-secret?loginToken=a", at: listener.address.port)) == "200")
        #expect(await listener.loginToken() == Secret("a"))
    }

    @Test(arguments: ["GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\n\r\n", "no HTTP at all\r\n\r\n"])
    func `what is too long or no HTTP is refused`(request: String) async throws {
        let listener = try await listener()
        #expect(status(await Visitor.send(request, to: listener.address.port)) == "400")
        listener.close()
    }

    @Test func `many headers are too long as well`() async throws {
        let listener = try await listener()
        let headers = (1...63).map { "X-\($0): \(String(repeating: "y", count: 300))\r\n" }.joined()
        let request = "GET /s-secret?loginToken=x HTTP/1.1\r\n\(headers)\r\n"
        #expect(status(await Visitor.send(request, to: listener.address.port)) == "400")
        listener.close()
    }

    @Test func `who says nothing is sent away, and meanwhile others are served`() async throws {
        let listener = try await listener(patience: .seconds(1))
        async let silent = Visitor.send("GET /s-sec", to: listener.address.port)
        #expect(status(await Visitor.get("/", at: listener.address.port)) == "404")
        // It returns: the connection was closed without an answer.
        #expect(await silent == "")
        listener.close()
    }

    @Test func `no more than eight are served at once`() async throws {
        let listener = try await listener(patience: .seconds(5))
        let began = ContinuousClock.now
        let ends = await withTaskGroup { group in
            for _ in 1...12 {
                group.addTask {
                    _ = await Visitor.send("GET /", to: listener.address.port)
                    return began.duration(to: .now)
                }
            }
            return await group.reduce(into: [Duration]()) { $0.append($1) }.sorted()
        }
        // Four were closed at once; the others had their time.
        #expect(ends[3] + .seconds(1) < ends[4])
        listener.close()
    }

    @Test func `a pasted address is as good as the browser`() async throws {
        let listener = try await listener()
        #expect(throws: CallbackAddress.Problem.noAddress) { try listener.take(address: "canary-token") }
        try listener.take(address: "\(listener.address)?loginToken=canary-token")
        #expect(await listener.loginToken() == Secret("canary-token"))
        // It listens no longer, if not from this very moment on.
        while await Visitor.get("/", at: listener.address.port) != nil {}
    }

    @Test func `nobody waits beyond the end`() async throws {
        let listener = try await listener(for: .milliseconds(100))
        #expect(await listener.loginToken() == nil)
        // It listens no longer, if not from this very moment on.
        while await Visitor.get("/s-secret?loginToken=x", at: listener.address.port) != nil {}
    }

    @Test func `one who is cancelled waits no longer, the others do`() async throws {
        let listener = try await listener()
        let cancelled = Task { await listener.loginToken() }
        let patient = Task { await listener.loginToken() }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
        try listener.take(address: "\(listener.address)?loginToken=x")
        #expect(await patient.value == Secret("x"))
    }
}
