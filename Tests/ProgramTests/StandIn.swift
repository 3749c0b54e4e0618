import Foundation
import TestSupport

/// `jeton-browser`, where the installer puts it: beside `jeton`.
enum StandIn {
    static var path: String { Programs.path(name) }
    private static let name = "jeton-browser"

    static func install() throws {
        let link = "\(path).\(UUID().uuidString.prefix(8))"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "jeton")
        // Many tests do so at once.
        guard unsafe rename(link, path) == 0 else { throw Unexpected("no \(path)") }
    }
}
