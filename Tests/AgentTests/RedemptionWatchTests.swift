import DevHomeserver
import JetonAPI
import MatrixClient
import Synchronization
import Testing

@testable import Agent

/// When the homeserver is asked for devices: while a login token lives, and else never.
@Suite(.timeLimit(.minutes(5))) struct RedemptionWatchTests {
    /// Pauses that end when the test says so.
    private final class Pauses: Sendable {
        private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])
        let asked = Mutex<[Duration]>([])

        @Sendable func pause(_ time: Duration) async {
            asked.withLock { $0.append(time) }
            await withCheckedContinuation { turn in waiting.withLock { $0.append(turn) } }
        }

        /// Waits for somebody to pause.
        func begun() async throws {
            while waiting.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
        }

        /// Waits for somebody to pause, and ends it.
        func end() async throws {
            try await begun()
            waiting.withLock { $0.removeFirst() }.resume()
        }
    }

    private static let path = "/_matrix/client/v3/devices"

    private let home: AccountsUnderTest
    private let book: MintBook
    private let pauses = Pauses()
    private let watch: RedemptionWatch

    init() async throws {
        home = try await AccountsUnderTest(life: nil)
        let clock = home.clock
        book = try MintBook(folder: home.folder, quotas: Quotas()) { clock.now }
        watch = home.redemptions(book, pause: pauses.pause)
    }

    private func mint() async throws -> MintRecord.Entry {
        let attempt = try await book.take(home.alice, purpose: nil, requester: someone)
        return try await book.settle(attempt, expiresInMs: 120_000)
    }

    private var looks: Int { get async { await home.server.seenRequests.count { $0.path == Self.path } } }

    private func looks(reach count: Int) async throws {
        while await looks < count { try await Task.sleep(for: .milliseconds(1)) }
    }

    private var state: IssuedToken.State? { get async { await book.tokens(of: nil).first?.state } }

    @Test func `asks every five seconds until the token's life is over, and then no more`() async throws {
        watch.prepare(for: home.alice)
        try await looks(reach: 1)
        watch.expect(try await mint(), of: home.alice)
        for round in 1...3 {
            try await pauses.begun()
            home.clock.advance(by: .seconds(round == 3 ? 110 : 5))
            try await pauses.end()
            try await looks(reach: round + 1)
        }
        // Whoever is next to pause is the watch of another token: the first one's has ended.
        home.clock.advance(by: .seconds(60))
        watch.expect(try await mint(), of: home.alice)
        try await looks(reach: 5)
        try await pauses.end()
        try await looks(reach: 6)
        #expect(pauses.asked.withLock { $0 }.allSatisfy { $0 == .seconds(5) })
        #expect(await looks == 6)
    }

    @Test func `a homeserver that fails is asked again, and the device found all the same`() async throws {
        watch.prepare(for: home.alice)
        try await looks(reach: 1)
        watch.expect(try await mint(), of: home.alice)
        await home.server.misbehave(on: Self.path, .answer(status: 502, contentType: "", body: "", headers: [:]))
        try await pauses.end()
        try await looks(reach: 2)
        await home.server.misbehave(on: Self.path, nil)
        let device = try await signIn()
        try await pauses.end()
        while await state != .redeemed { try await Task.sleep(for: .milliseconds(1)) }
        #expect(await book.tokens(of: nil).first?.redeemedBy?.deviceId == device)
        #expect(await book.tokens(of: nil).first?.redeemedBy?.certain == false)
    }

    private func signIn() async throws -> String {
        let client = MatrixClient(homeserver: home.address, transport: home.transport)
        return try await client.logIn(.password(user: "alice", Secret("canary-alice"))).deviceId
    }

    @Test func `nobody who was there for days is taken for a redeemer, where the look before the mint has failed`()
        async throws
    {
        // Of this one came no token.
        watch.prepare(for: home.alice)
        try await looks(reach: 1)
        _ = try await signIn()
        home.clock.advance(by: .seconds(3 * 86_400))
        await home.server.misbehave(on: Self.path, .answer(status: 502, contentType: "", body: "", headers: [:]))
        watch.prepare(for: home.alice)
        try await looks(reach: 2)
        watch.expect(try await mint(), of: home.alice)
        try await pauses.begun()
        await home.server.misbehave(on: Self.path, nil)
        let before = await looks
        try await pauses.end()
        try await looks(reach: before + 1)
        try await pauses.begun()
        #expect(await state == .live)
        // Who comes now is told.
        let device = try await signIn()
        try await pauses.end()
        while await state != .redeemed { try await Task.sleep(for: .milliseconds(1)) }
        #expect(await book.tokens(of: nil).first?.redeemedBy?.deviceId == device)
    }

    /// Those who would be told, and have been.
    private func hub(_ told: Told) -> EventHub {
        let clock = home.clock
        return EventHub(metrics: Metrics(since: clock.now), clock: { clock.now }) { event in
            guard let event = event as? LoginTokenRedeemed else { return }
            told.devices.withLock { $0.append(event.redeemedBy?.deviceId ?? "several") }
        }
    }

    private final class Told: Sendable {
        let devices = Mutex<[String]>([])
    }

    /// Lets a device use a token, which is held back until the next look, as its address is not known yet.
    private func holdBack(_ told: Told) async throws -> String {
        let watch = home.redemptions(book, hub(told), pause: pauses.pause)
        watch.prepare(for: home.alice)
        try await looks(reach: 1)
        watch.expect(try await mint(), of: home.alice)
        try await pauses.begun()
        let device = try await signIn()
        try await pauses.end()
        // By the next pause it is written down.
        try await pauses.begun()
        #expect(await state == .redeemed)
        #expect(told.devices.withLock { $0 } == [])
        return device
    }

    @Test func `what was held back for an address is told after a restart, and only once`() async throws {
        let told = Told()
        let device = try await holdBack(told)
        for _ in 1...2 {
            let clock = home.clock
            let again = try MintBook(folder: home.folder, quotas: Quotas()) { clock.now }
            clock.advance(by: .seconds(3600))
            await home.redemptions(again, hub(told), pause: pauses.pause).resume()
            #expect(told.devices.withLock { $0 } == [device])
        }
    }

    @Test func `what was held back for an address is told though the homeserver fails`() async throws {
        let told = Told()
        let device = try await holdBack(told)
        await home.server.misbehave(on: Self.path, .answer(status: 502, contentType: "", body: "", headers: [:]))
        try await pauses.end()
        while told.devices.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
        #expect(told.devices.withLock { $0 } == [device])
    }

    @Test func `goes on after a restart, and ends with the agent`() async throws {
        _ = try await mint()
        let again = home.redemptions(book, pause: pauses.pause)
        await again.resume()
        try await looks(reach: 1)
        await again.stop()
        try await pauses.end()
        await again.resume()
        #expect(await looks <= 2)
    }
}
