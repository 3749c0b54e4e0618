import MatrixClient
import Testing

/// What an error means for what comes next.
struct MeaningTests {
    private static func refused(_ status: Int, _ errcode: String?) -> MatrixError {
        .refused(.init(status: status, errcode: errcode, error: nil))
    }

    private static func page(_ status: Int) -> MatrixError { .notMatrix(status: status, detail: "a page") }

    private static func unreachable(mayHaveArrived: Bool) -> MatrixError {
        .unreachable(.init(stage: .timeout, detail: "", mayHaveArrived: mayHaveArrived))
    }

    private static let question = MatrixError.authenticationRequired(UIAChallenge(session: nil, flows: [["a"]]))

    @Test(
        arguments: [
            (refused(401, "M_UNKNOWN_TOKEN"), .spent), (refused(403, "M_FORBIDDEN"), .spent),
            (refused(403, "M_UNKNOWN_TOKEN"), .spent), (refused(401, "M_FORBIDDEN"), .spent),
            (refused(403, "M_USER_DEACTIVATED"), .spent),
            (refused(404, "M_UNRECOGNIZED"), .notOffered),
            (refused(405, "M_UNRECOGNIZED"), .notOffered),
            // A proxy's own refusals.
            (refused(401, nil), .undecided), (refused(403, nil), .undecided), (page(403), .undecided),
            (page(404), .undecided), (page(405), .undecided), (refused(404, nil), .undecided),
            (refused(401, "M_USER_LOCKED"), .undecided), (refused(403, "M_USER_SUSPENDED"), .undecided),
            (refused(401, "M_MISSING_TOKEN"), .undecided), (refused(403, "M_RESOURCE_LIMIT_EXCEEDED"), .undecided),
            (refused(403, "M_CONSENT_NOT_GIVEN"), .undecided), (refused(400, "M_MISSING_PARAM"), .undecided),
            (refused(429, "M_LIMIT_EXCEEDED"), .undecided), (refused(500, "M_UNKNOWN"), .undecided),
            (page(502), .undecided), (page(200), .undecided), (unreachable(mayHaveArrived: true), .undecided),
            (unreachable(mayHaveArrived: false), .undecided), (question, .undecided),
        ] as [(MatrixError, MatrixError.RefreshVerdict)]
    )
    func `only a homeserver's own 401 or 403 about the token ends a refresh token`(
        _ error: MatrixError,
        _ verdict: MatrixError.RefreshVerdict
    ) {
        #expect(error.refreshVerdict == verdict)
    }

    @Test(
        arguments: [
            (refused(403, "M_FORBIDDEN"), true), (refused(429, "M_LIMIT_EXCEEDED"), true),
            (refused(401, "M_USER_LOCKED"), true), (refused(500, "M_UNKNOWN"), true), (page(502), true),
            (page(200), true),
            (unreachable(mayHaveArrived: true), true), (unreachable(mayHaveArrived: false), false),
            (refused(404, "M_UNRECOGNIZED"), false), (page(404), false), (refused(400, "M_UNKNOWN"), false),
        ] as [(MatrixError, Bool)]
    )
    func `a log in by login token that failed may have burnt it`(_ error: MatrixError, _ isBurnt: Bool) {
        #expect(error.mayHaveBurntLoginToken == isBurnt)
    }

    @Test(
        arguments: [
            (unreachable(mayHaveArrived: true), true), (unreachable(mayHaveArrived: false), false),
            (refused(500, "M_UNKNOWN"), true), (page(502), true), (page(200), true), (page(302), false),
            (page(404), false), (refused(403, "M_FORBIDDEN"), false), (refused(429, "M_LIMIT_EXCEEDED"), false),
            (question, false),
        ] as [(MatrixError, Bool)]
    )
    func `what is no refusal may have succeeded`(_ error: MatrixError, _ isOpen: Bool) {
        #expect(error.mayHaveSucceeded == isOpen)
    }

    @Test(
        arguments: [
            (unreachable(mayHaveArrived: false), true), (refused(429, "M_LIMIT_EXCEEDED"), true),
            (refused(503, "M_UNKNOWN"), true), (page(502), true), (page(404), false), (page(200), false),
            (refused(403, "M_FORBIDDEN"), false), (question, false),
        ] as [(MatrixError, Bool)]
    )
    func `what only says that now is not the moment passes`(_ error: MatrixError, _ isPassing: Bool) {
        #expect(error.isPassing == isPassing)
    }

    @Test(
        arguments: [
            (refused(404, "M_UNRECOGNIZED"), true), (refused(405, "M_UNRECOGNIZED"), true),
            (refused(400, "M_UNRECOGNIZED"), true), (page(404), true), (page(405), true), (page(200), false),
            (refused(403, "M_FORBIDDEN"), false), (unreachable(mayHaveArrived: false), false), (question, false),
        ] as [(MatrixError, Bool)]
    )
    func `an endpoint that is not there is told by JSON or by a page`(_ error: MatrixError, _ isUnrecognized: Bool) {
        #expect(error.isUnrecognized == isUnrecognized)
    }
}
