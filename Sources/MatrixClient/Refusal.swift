extension MatrixError {
    /// What a homeserver refuses, and why (Client-Server API, "Standard error response").
    public struct Refusal: Sendable, Equatable {
        public var status: Int
        public var errcode: String?
        public var error: String?
        /// On 429: how long to wait.
        public var retryAfter: Duration?
        /// On 401: whether the device stays and only a new sign-in is wanted.
        public var softLogout: Bool
        /// With M_RESOURCE_LIMIT_EXCEEDED: an address at which the homeserver's administrator can be reached.
        public var adminContact: String?
        /// With M_CONSENT_NOT_GIVEN: the page on which the user agrees to the homeserver's terms.
        public var consentUri: String?

        public init(
            status: Int,
            errcode: String?,
            error: String?,
            retryAfter: Duration? = nil,
            softLogout: Bool = false,
            adminContact: String? = nil,
            consentUri: String? = nil
        ) {
            self.status = status
            self.errcode = errcode
            self.error = error
            self.retryAfter = retryAfter
            self.softLogout = softLogout
            self.adminContact = adminContact
            self.consentUri = consentUri
        }
    }
}

extension MatrixError.Refusal {
    /// Whether it is the access token that is refused, for ever or until it is renewed. A locked account's session
    /// is not at its end, although that is a 401 with soft logout too.
    public var endsSession: Bool { status == 401 && errcode == "M_UNKNOWN_TOKEN" }

    /// Whether the request arrived without the access token that it left with: a proxy on the way takes it out.
    public var missesToken: Bool { errcode == "M_MISSING_TOKEN" }

    /// Whether an administrator has locked the account. Its sessions go on when it is unlocked.
    public var isLocked: Bool { errcode == "M_USER_LOCKED" }

    /// Whether a moderator has suspended the account: it may read and not act.
    public var isSuspended: Bool { errcode == "M_USER_SUSPENDED" }

    /// Whether the account has been given up, which is for good.
    public var isDeactivated: Bool { errcode == "M_USER_DEACTIVATED" }

    /// Whether the homeserver has used up what it is allowed, such as its number of users.
    public var exceedsResources: Bool { errcode == "M_RESOURCE_LIMIT_EXCEEDED" }

    /// Whether the homeserver's terms have to be agreed to first.
    public var wantsTerms: Bool { errcode == "M_CONSENT_NOT_GIVEN" }

    /// Whether requests come too often.
    public var isLimit: Bool { status == 429 }

    /// Whether the homeserver does not have this endpoint, or has it switched off (v1.3, "API standards").
    public var isUnrecognized: Bool { errcode == "M_UNRECOGNIZED" || [404, 405].contains(status) }
}
