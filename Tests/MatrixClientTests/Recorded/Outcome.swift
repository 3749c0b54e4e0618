@testable import MatrixClient

/// What the client makes of an answer.
enum Outcome: Equatable, Sendable {
    case versions(upTo: String)
    case flows([String], mints: Bool, providers: [String] = [])
    case session(String, device: String, life: Int? = nil, isRenewable: Bool = false)
    case owner(String, device: String?)
    case capability(Bool?)
    case oauth(accountPage: String?)
    case noOAuth
    case minted(life: Int)
    case renewed(life: Int)
    case devices([String])
    /// Success, without anything to know about it.
    case done
    /// The very address that was recorded.
    case page
    case homeserver(String)

    case asked(flows: [[String]], completed: [String] = [], errcode: String? = nil)
    case refused(Int, String)
    /// The access token has expired, and the device stays.
    case expired
    /// The access token is of no use any more.
    case ended
    case locked
    case limited(seconds: Int)
    case unrecognized(Int)
    case notMatrix(Int)

    init(_ error: MatrixError) {
        switch error {
        case .authenticationRequired(let challenge):
            self = .asked(flows: challenge.flows, completed: challenge.completed, errcode: challenge.errcode)
        case .refused(let refusal) where refusal.isLimit:
            self = .limited(seconds: Int((refusal.retryAfter ?? .zero).components.seconds))
        case .refused(let refusal) where refusal.endsSession: self = refusal.softLogout ? .expired : .ended
        case .refused(let refusal) where refusal.isLocked: self = .locked
        case .refused(let refusal) where refusal.isUnrecognized && refusal.errcode == "M_UNRECOGNIZED":
            self = .unrecognized(refusal.status)
        case .refused(let refusal): self = .refused(refusal.status, refusal.errcode ?? "")
        case .notMatrix(let status, _): self = .notMatrix(status)
        case .unreachable: self = .notMatrix(0)
        }
    }
}
