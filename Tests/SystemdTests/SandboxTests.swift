import Foundation
import Testing

@testable import Systemd

/// What the kernel says, taken apart. Inside a real sandbox: Tests/ServiceTests.
@Suite struct SandboxTests {
    private static func status(seccomp: Int, noNewPrivs: Int, bounding: String = "0000000000000000") -> String {
        """
        Name:\tjetond
        CapInh:\t0000000000000000
        CapPrm:\t0000000000000000
        CapEff:\t0000000000000000
        CapBnd:\t\(bounding)
        CapAmb:\t0000000000000000
        NoNewPrivs:\t\(noNewPrivs)
        Seccomp:\t\(seccomp)
        """
    }

    @Test(arguments: [(2, 1, true), (0, 1, false), (2, 0, false), (1, 1, false)])
    func `only a filter that nothing gets out of counts`(seccomp: Int, noNewPrivs: Int, isFiltered: Bool) {
        #expect(Sandbox(status: Self.status(seccomp: seccomp, noNewPrivs: noNewPrivs)).isFiltered == isFiltered)
    }

    @Test func `a capability that could be had is one`() {
        #expect(Sandbox(status: Self.status(seccomp: 2, noNewPrivs: 1)).hasNoCapabilities)
        let one = Self.status(seccomp: 2, noNewPrivs: 1, bounding: "0000000000000400")
        #expect(!Sandbox(status: one).hasNoCapabilities)
        #expect(!Sandbox(status: "").hasNoCapabilities)
        #expect(!Sandbox(status: "").isFiltered)
    }

    @Test func `what nobody names is not said to be hidden`() {
        let sandbox = Sandbox(home: nil, runtimeFolder: nil)
        #expect(!sandbox.hidesHome && !sandbox.hidesSessionBus)
    }

    @Test func `a home folder that is there is not hidden, and one that is not there is`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "jeton-\(UUID())").path
        #expect(Sandbox(home: folder, runtimeFolder: folder).hidesHome)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(Sandbox(home: folder, runtimeFolder: folder).hidesSessionBus)
        try Data().write(to: URL(fileURLWithPath: "\(folder)/bus"))
        let outside = Sandbox(home: folder, runtimeFolder: folder)
        #expect(!outside.hidesHome && !outside.hidesSessionBus && !outside.forbidsPrograms && !outside.isReadOnly)
    }
}
