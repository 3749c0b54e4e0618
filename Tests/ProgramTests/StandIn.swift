import Foundation
import TestSupport

/// `jeton-browser`, beside `jeton` as the installer puts it, and the detour to it.
enum StandIn {
    static var path: String { Programs.path(name) }
    private static let name = "jeton-browser"

    static func install() throws {
        try link(path, to: "jeton")
        try FileManager.default.createDirectory(atPath: Programs.path("opener"), withIntermediateDirectories: true)
        try link(Programs.path("opener/xdg-open"), to: "../jeton")
    }

    private static func link(_ path: String, to destination: String) throws {
        let link = "\(path).\(UUID().uuidString.prefix(8))"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: destination)
        // Many tests do so at once.
        guard unsafe rename(link, path) == 0 else { throw Unexpected("no \(path)") }
    }
}
