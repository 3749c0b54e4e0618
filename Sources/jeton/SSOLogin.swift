internal import JetonAPI
internal import RPCClient

/// Signs in by the browser: opens it, and waits until it has come back to the agent.
struct SSOLogin {
    let shared: SharedOptions
    let opensBrowser: Bool

    /// The user has pasted an address while the agent waited for the browser.
    private struct Pasted: Error { var address: String }

    func run(_ request: BeginSSOLogin) throws -> Account {
        let agent = try shared.connect()
        let login = try agent.call(request)
        let isOpened = opensBrowser && Browser.open(login.ssoUrl)
        Output.complain(
            isOpened
                ? "Sign in in the browser; waiting for it."
                : "Open this address in a browser, and sign in there:\n  \(login.ssoUrl)"
        )
        guard let terminal = Terminal() else { return try agent.call(FinishSSOLogin(loginId: login.loginId)).account }
        while true {
            do {
                return try wait(for: login, terminal)
            } catch let pasted as Pasted {
                do {
                    let finish = FinishSSOLogin(loginId: login.loginId, callbackUrl: Secret(pasted.address))
                    return try agent.call(finish).account
                } catch {
                    guard case .refused(let refusal) = error, refusal.data["field"] == "callback_url" else {
                        throw error
                    }
                    Output.complain(problem: refusal.message)
                }
            }
        }
    }

    /// Waits on a connection of its own: closing it is how one stops to wait.
    private func wait(for login: BeginSSOLogin.Result, _ terminal: borrowing Terminal) throws -> Account {
        let waiting = try shared.connect()
        return try waiting.call(FinishSSOLogin(loginId: login.loginId)) { socket in
            // Without echo: the address holds a login token.
            let question = "If the browser ends at a page that it cannot open, paste that page's address here: "
            switch terminal.ask(question, echoing: false, unlessReadable: socket) {
            case .elsewhere: return
            case .line(let address): throw Pasted(address: address)
            case .gaveUp: throw Failure(.failed, "you gave up; nobody was signed in")
            }
        }.account
    }
}
