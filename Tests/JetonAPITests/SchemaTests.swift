import Testing

@testable import JetonAPI

struct SchemaTests {
    /// A shape in one line: `?` stands behind what may be left out.
    private static func outline(_ schema: Schema) -> String {
        switch schema {
        case .object(let properties):
            let members = properties.map { "\($0.name)\($0.isRequired ? "" : "?"): \(outline($0.schema))" }
            return "{\(members.joined(separator: ", "))}"
        case .map(let value): return "{*: \(outline(value))}"
        case .array(let element): return "[\(outline(element))]"
        case .string(let choices): return choices.isEmpty ? "string" : choices.joined(separator: "|")
        case .time: return "time"
        case .integer: return "integer"
        case .number: return "number"
        case .boolean: return "boolean"
        case .any: return "any"
        }
    }

    private static let account = """
        {user_id: string, device_id: string, homeserver: string, \
        state: active|offline|signed_out_softly|signed_out|locked|suspended, \
        cause?: {reason: \(causes), detail: string, errcode?: string, at: time}, \
        is_default: boolean, access_token_expires_at?: time, \
        login_tokens: {supported: boolean, reason?: \(reasons), account_management_url?: string}}
        """
    private static let eventTypes = """
        login_token.issued|login_token.redeemed|login_token.expired|consent.requested|consent.granted|consent.denied|\
        rate_limit.hit|\
        account.logged_in|account.logged_out|account.state_changed|account.renewed|agent.locked|agent.unlocked|\
        agent.stopping|events.missed
        """
    private static let requester = """
        {pid: integer, uid: integer, command?: string, unit?: string, session?: string, \
        parents?: [{pid: integer, command: string}]}
        """
    private static let redeemer = """
        {device_id: string, display_name?: string, last_seen_ip?: string, at: time, certain: boolean, \
        signed_out_at?: time}
        """
    private static let causes = """
        unreachable|homeserver_failing|access_token_expired|refresh_refused|session_ended|user_locked|user_suspended|\
        user_deactivated
        """
    private static let reasons = "available|switched_off|oauth_server|unknown_server"

    private static let store = """
        {storage: plain|encrypted, setting: auto|encrypted|plain, store_key: available|missing|unavailable, \
        detail?: string}
        """

    private static let outlines: [String: (params: String, result: String)] = [
        "agent.ping": ("{}", "{}"),
        "agent.status": (
            "{}",
            """
            {version: string, api_version: integer, pid: integer, started_at: time, locked_by: [user|screen], \
            accounts: [\(account)], \
            protections: {dumpable: boolean, memory_locked: boolean, sandboxed: boolean, no_capabilities: boolean, \
            home_hidden: boolean, session_bus_hidden: boolean, files_read_only: boolean, no_exec: boolean, \
            storage: plain|encrypted}, \
            supervised: {systemd: boolean, socket_activated: boolean, watchdog_ms?: integer}}
            """
        ),
        "agent.lock": ("{}", "{}"),
        "agent.unlock": ("{terminal?: {tty: string, term?: string, lc_ctype?: string}}", "{}"),
        "account.login": (
            """
            {user_id?: string, homeserver?: string, password?: string, login_token?: string, access_token?: string, \
            refresh_token?: string, device_id?: string, device_name?: string, allow_unsupported?: boolean}
            """,
            "{account: \(account)}"
        ),
        "account.login_sso": (
            """
            {user_id?: string, homeserver?: string, idp?: string, device_name?: string, allow_unsupported?: boolean}
            """,
            "{login_id: string, sso_url: string, expires_at: time}"
        ),
        "account.login_sso_finish": ("{login_id: string, callback_url?: string}", "{account: \(account)}"),
        "account.list": ("{}", "{accounts: [\(account)]}"),
        "account.status": ("{account?: string}", "{account: \(account)}"),
        "account.set_default": ("{account: string}", "{}"),
        "account.refresh": ("{account?: string}", "{account: \(account)}"),
        "account.logout": ("{account?: string, local_only?: boolean}", "{}"),
        "login_token.support": (
            "{account?: string, homeserver?: string}",
            """
            {supported: boolean, reason: \(reasons), capability?: boolean, login_flow?: boolean, \
            account_management_url?: string, clock_offset_ms?: integer}
            """
        ),
        "login_token.generate": (
            """
            {account?: string, purpose?: string, auth?: {*: any}, consent?: {challenge: string}, \
            prompt?: caller|agent, terminal?: {tty: string, term?: string, lc_ctype?: string}, wait_ms?: integer}
            """,
            """
            {login_token: string, expires_in_ms: integer, expires_at: time, token_id: string, user_id: string, \
            homeserver: string}
            """
        ),
        "login_token.hand_over": (
            """
            {sso_url: string, account?: string, purpose?: string, auth?: {*: any}, consent?: {challenge: string}, \
            prompt?: caller|agent, terminal?: {tty: string, term?: string, lc_ctype?: string}, wait_ms?: integer}
            """,
            "{delivered_to?: string, token_id?: string, open_url?: string}"
        ),
        "device.list": (
            "{account?: string}",
            """
            {devices: [{device_id: string, display_name?: string, last_seen_at?: time, last_seen_ip?: string, \
            is_current: boolean}]}
            """
        ),
        "device.sign_out": (
            """
            {account?: string, device_id: string, auth?: {*: any}, prompt?: caller|agent, \
            terminal?: {tty: string, term?: string, lc_ctype?: string}}
            """, "{}"
        ),
        "login_token.list": (
            "{account?: string}",
            """
            {tokens: [{token_id: string, account: string, state: live|redeemed|signed_out|expired|unknown, \
            issued_at: time, expires_at: time, purpose?: string, requester: \(requester), \
            redeemed_by?: \(redeemer), candidates?: [\(redeemer)]}]}
            """
        ),
        "consent.list": (
            "{}",
            """
            {consents: [{consent_id: string, wants: consent|auth|unlock, prompt: caller|agent, account?: string, \
            homeserver?: string, purpose?: string, \
            destination?: {address: string, port?: integer, application?: string, pid?: integer, command?: string, unit?: string}, \
            device?: {device_id: string, display_name?: string}, requester?: \(requester), requested_at: time}]}
            """
        ),
        "consent.approve": ("{consent_id: string, auth?: {*: any}}", "{}"),
        "consent.deny": ("{consent_id: string}", "{}"),
        "rate_limit.status": (
            "{account?: string}",
            """
            {limits: [{name: login_token|wrong_password|requester|restricted_socket, account?: string, count: integer, \
            per_ms: integer, \
            remaining: integer, retry_after_ms: integer, not_before_reason?: homeserver}]}
            """
        ),
        "store.status": ("{}", store), "store.encrypt": ("{}", store), "store.decrypt": ("{}", store),
        "store.rekey": ("{}", store),
        "event.subscribe": ("{types?: [\(eventTypes)]}", "{}"),
        "event.unsubscribe": ("{types?: [\(eventTypes)]}", "{}"),
        "request.cancel": ("{id: any}", "{}"),
        "agent.metrics": (
            "{}",
            """
            {since: time, connections_accepted: integer, connections_refused: integer, requests_answered: integer, \
            requests_failed: integer, failures_by_kind: {*: integer}, tokens_minted: integer, tokens_dropped: integer, \
            tokens_unknown: integer, limits_hit: integer, renewals_done: integer, renewals_failed: integer, \
            events_sent: integer, events_missed: integer}
            """
        ),
        "rpc.discover": ("{}", "any"),
    ]

    private static func outlines<M: Method>(of method: M.Type) -> (params: String, result: String) {
        (outline(Schema.of(M.self)), outline(Schema.of(M.Result.self)))
    }

    @Test(arguments: OpenRPC.methods.indices)
    func `is read off each method's own decoding`(_ index: Int) throws {
        let method = OpenRPC.methods[index]
        let expected = try #require(Self.outlines[method.name])
        let found = Self.outlines(of: method)
        #expect(found.params == expected.params)
        #expect(found.result == expected.result)
    }

    @Test func `knows arrays, maps and numbers of every kind`() {
        struct Numbers: Decodable {
            var double: Double
            var float: Float
            var byte: UInt8
            var table: [String: [Int64]]
        }
        #expect(
            Self.outline(.of(Numbers.self)) == "{double: number, float: number, byte: integer, table: {*: [integer]}}"
        )
        #expect(Self.outline(.of([Bool].self)) == "[boolean]")
    }
}
