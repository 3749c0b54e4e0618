import Foundation
import Testing

@testable import Systemd

struct ProcessMemoryTests {
    /// KiB of this program's file that are in our memory (proc(5), smaps).
    private func residentProgram() throws -> Int {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let text = try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8)
        var isProgram = false
        var sum = 0
        for line in text.split(separator: "\n") {
            if line.prefix(while: { $0 != " " }).contains("-") { isProgram = line.hasSuffix(program) }
            guard isProgram, line.hasPrefix("Rss:") else { continue }
            sum += line.split(separator: " ").compactMap { Int($0) }.first ?? 0
        }
        return sum
    }

    /// Everything that was given up is needed again, at the latest for this test's own end.
    @Test func `the program's pages are given back, and come again by themselves`() throws {
        let before = try residentProgram()
        try #require(before > 0)
        // Other tests run meanwhile, and need theirs.
        let least = try (1...20).map { _ in
            ProcessMemory.giveBackProgram()
            return try residentProgram()
        }.min()
        #expect(try #require(least) < before / 2)
    }
}
