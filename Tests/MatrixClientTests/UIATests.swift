import JetonAPI
import MatrixClient
import Testing

struct UIAProgressTests {
    @Test func `completed counts only beside the flows`() {
        let progress = UIAProgress(flows: [["m.login.password"]], completed: ["m.login.dummy"])
        #expect(!progress.isDone)
        #expect(progress.left(in: ["m.login.password"]) == ["m.login.password"])
        #expect(progress.nextStages == ["m.login.password"])
    }

    @Test func `the stages of a flow come in its order, each once`() {
        let flow = ["a", "b", "c"]
        let begun = UIAProgress(flows: [flow], completed: [])
        #expect(begun.nextStages == ["a"])
        let further = UIAProgress(flows: [flow], completed: ["c", "a"])
        #expect(further.left(in: flow) == ["b"])
        #expect(!further.isDone)
        #expect(UIAProgress(flows: [flow], completed: ["b", "c", "a"]).isDone)
    }

    @Test func `a flow that is begun is gone on with`() {
        let flows = [["a", "b"], ["c"], ["a", "d"], ["a", "b", "e"]]
        #expect(UIAProgress(flows: flows, completed: []).openFlows == flows)
        #expect(UIAProgress(flows: flows, completed: []).nextStages == ["a", "c"])
        let begun = UIAProgress(flows: flows, completed: ["a"])
        #expect(begun.openFlows == [["a", "b"], ["a", "d"], ["a", "b", "e"]])
        #expect(begun.nextStages == ["b", "d"])
    }

    @Test func `where nothing is asked, nothing is done either`() {
        #expect(!UIAProgress(flows: [], completed: ["a"]).isDone)
        #expect(UIAProgress(flows: [], completed: ["a"]).nextStages == [])
        #expect(UIAProgress(flows: [[]], completed: []).isDone)
    }

    @Test func `a challenge tells its progress`() {
        let challenge = UIAChallenge(session: nil, flows: [["a", "b"]], completed: ["a"])
        #expect(challenge.progress.nextStages == ["b"])
    }
}

struct UIAFlawTests {
    @Test(
        arguments: [
            ["type": "m.login.password", "password": "x", "identifier": ["type": "m.id.user", "user": "alice"]],
            [
                "type": "m.login.password", "password": "x",
                "identifier": ["type": "m.id.thirdparty", "medium": "email", "address": "a@example.org"],
            ],
            [
                "type": "m.login.password", "password": "x",
                "identifier": ["type": "m.id.phone", "country": "DE", "phone": "030"],
            ],
            ["type": "m.login.password", "password": "x", "identifier": ["type": "org.example.id", "badge": 7]],
            ["type": "m.login.password", "password": "x", "user": "alice"],
            ["type": "m.login.recaptcha", "response": "x"],
            ["type": "m.login.email.identity", "threepid_creds": ["sid": "1", "client_secret": "x"]],
            [
                "type": "m.login.msisdn",
                "threepid_creds": ["sid": "1", "client_secret": "x", "id_server": "id.org", "id_access_token": "x"],
            ],
            ["type": "m.login.registration_token", "token": "x"], ["type": "m.login.terms"], ["type": "m.login.dummy"],
            ["type": "org.example.what", "password": 1], ["session": "x"], [:],
        ] as [[String: JSONValue]]
    )
    func `what the specification has is sent as it is`(_ auth: [String: JSONValue]) {
        #expect(UIAFlaw.first(in: auth) == nil)
    }

    @Test(
        arguments: [
            (["type": 1], "type must be a string"), (["type": nil], "type must be a string"),
            (["type": "m.login.password"], "password is missing, and must be a string"),
            (["type": "m.login.password", "password": 1, "user": "alice"], "password must be a string"),
            (["type": "m.login.password", "password": "x"], "identifier is missing, and must be an object"),
            (["type": "m.login.password", "password": "x", "user": 1], "user must be a string"),
            (["type": "m.login.password", "password": "x", "identifier": "alice"], "identifier must be an object"),
            (
                ["type": "m.login.password", "password": "x", "identifier": ["user": "alice"]],
                "identifier.type is missing, and must be a string"
            ),
            (
                ["type": "m.login.password", "password": "x", "identifier": ["type": "m.id.user"]],
                "identifier.user is missing, and must be a string"
            ),
            (
                [
                    "type": "m.login.password", "password": "x",
                    "identifier": ["type": "m.id.thirdparty", "medium": "email"],
                ],
                "identifier.address is missing, and must be a string"
            ),
            (
                [
                    "type": "m.login.password", "password": "x",
                    "identifier": ["type": "m.id.thirdparty", "address": "a@b"],
                ],
                "identifier.medium is missing, and must be a string"
            ),
            (
                ["type": "m.login.password", "password": "x", "identifier": ["type": "m.id.phone", "country": "DE"]],
                "identifier.phone is missing, and must be a string"
            ),
            (
                ["type": "m.login.password", "password": "x", "identifier": ["type": "m.id.phone", "phone": "030"]],
                "identifier.country is missing, and must be a string"
            ),
            (["type": "m.login.recaptcha"], "response is missing, and must be a string"),
            (["type": "m.login.registration_token", "token": 5], "token must be a string"),
            (["type": "m.login.email.identity", "sid": "1"], "threepid_creds is missing, and must be an object"),
            (
                ["type": "m.login.email.identity", "threepid_creds": ["sid": 1, "client_secret": "x"]],
                "threepid_creds.sid must be a string"
            ),
            (
                ["type": "m.login.msisdn", "threepid_creds": ["sid": "1"]],
                "threepid_creds.client_secret is missing, and must be a string"
            ),
            (
                ["type": "m.login.msisdn", "threepid_creds": ["sid": "1", "client_secret": "x", "id_server": 1]],
                "threepid_creds.id_server must be a string"
            ),
        ] as [([String: JSONValue], String)]
    )
    func `what is missing or of the wrong type is named before it is sent`(
        _ auth: [String: JSONValue],
        _ problem: String
    ) {
        let flaw = UIAFlaw.first(in: auth)
        #expect(flaw?.description == problem)
        #expect(flaw.map { problem.hasPrefix($0.member) } == true)
    }

    @Test func `single sign-on is done on its fallback page alone`() {
        #expect(UIAFlaw.first(in: ["type": "m.login.sso", "session": "x"])?.member == "type")
    }
}
