import Testing

@testable import DevHomeserver

struct OpaqueStringTests {
    @Test(arguments: [
        "syt_YWxpY2U_YFmSxICWjcsuARsfovSo_4UsYRs", "syr_YzE_QwyWLdqSlwukpsZUeAUn_0VAJID",
        "syl_zFjhfShoWvoxWaUACpSR_1vRni5", "syl_xJfwufEDsgHZaDMHlLbl_0DCBRw",
    ])
    func `computes the checksum that Synapse put on a token`(_ token: String) {
        let unsealed = token.split(separator: "_").dropLast().joined(separator: "_")
        #expect(OpaqueString.sealed(unsealed) == token)
    }

    @Test func `knows its own refresh tokens from garbage`() {
        #expect(OpaqueString.isRefreshToken(OpaqueString.refreshToken(of: "alice")))
        for garbage in ["", "garbage", "syr_YzE_aaaaaaaaaaaaaaaaaaaa_000000", OpaqueString.accessToken(of: "alice")] {
            #expect(!OpaqueString.isRefreshToken(garbage))
        }
    }
}
