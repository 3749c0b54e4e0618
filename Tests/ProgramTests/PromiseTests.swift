import Foundation
import TestSupport
import Testing

/// The README's promises, and the tests that bear their numbers.
struct PromiseTests {
    @Test func `each promise of the README has a test, and no test a promise that is not there`() throws {
        let readme = try String(contentsOfFile: "\(Programs.repository)/README.md", encoding: .utf8)
        let section = try #require(readme.split(separator: "\n## ").first { $0.hasPrefix("Security\n") })
        let promises = section.matches(of: /\n(\d+)[.] [A-Z]/).compactMap { Int($0.output.1) }
        #expect(promises == Array(1...max(promises.count, 1)))
        #expect(promises.count > 10)

        var tested: [Int: [String]] = [:]
        let folder = "\(Programs.repository)/Tests"
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        for name in names where name.hasSuffix("Tests.swift") {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            for test in text.matches(of: /func `promise (\d+): ([^`]+)`/) {
                tested[Int(test.output.1) ?? 0, default: []].append(String(test.output.2))
            }
        }
        #expect(tested.keys.sorted() == promises)
    }
}
