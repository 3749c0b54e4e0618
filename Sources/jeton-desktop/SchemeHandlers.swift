internal import FoundationEssentials
internal import JetonAPI

/// What this desktop has for the addresses of a scheme, by its files (freedesktop.org: MIME Applications Associations
/// 1.0.1, Desktop Entry Specification 1.5). Whatever the portal may choose from is among them.
struct SchemeHandlers {
    /// A program, by its desktop file.
    struct Handler: Equatable {
        let id: String
        let name: String
        /// Whether it is told by the bus what to open, and not by its arguments.
        let isOnBus: Bool

        /// For people: `FluffyChat (im.fluffychat.Fluffychat.desktop)`.
        var words: String { "\(PlainText(name, maximumBytes: 60)) (\(PlainText(id, maximumBytes: 100)))" }
    }

    private let applicationFolders: [String]
    private let configurationFolders: [String]

    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func folders(_ own: String, _ usual: String, _ others: String, _ usualOthers: String) -> [String] {
            let home = environment["HOME"].map { ["\($0)/\(usual)"] } ?? []
            let first = environment[own].flatMap { $0.isEmpty ? nil : [$0] } ?? home
            let list = environment[others].flatMap { $0.isEmpty ? nil : $0 } ?? usualOthers
            return first + list.split(separator: ":").map(String.init)
        }
        applicationFolders = folders("XDG_DATA_HOME", ".local/share", "XDG_DATA_DIRS", "/usr/local/share:/usr/share")
            .map { "\($0)/applications" }
        configurationFolders = folders("XDG_CONFIG_HOME", ".config", "XDG_CONFIG_DIRS", "/etc/xdg")
    }

    func of(_ scheme: String) -> [Handler] {
        var ids: [String] = []
        for folder in configurationFolders + applicationFolders {
            for id in Self.lists(in: folder).flatMap({ Self.ids(for: scheme, in: $0) }) where !ids.contains(id) {
                ids.append(id)
            }
        }
        return ids.compactMap(handler)
    }

    /// The text of each file that says what opens what: of all desktops, for which one this is may not be known here.
    private static func lists(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let lists = names.filter { $0.hasSuffix("mimeapps.list") || ["defaults.list", "mimeinfo.cache"].contains($0) }
        return lists.sorted().compactMap { text("\(folder)/\($0)") }
    }

    private static func ids(for scheme: String, in list: String) -> [String] {
        var ids: [String] = []
        for (group, key, value) in entries(of: list)
        where key == "x-scheme-handler/\(scheme)" && group != "Removed Associations" {
            ids += value.split(separator: ";").map(String.init)
        }
        return ids
    }

    /// Nil where there is no such program: then the portal finds none either. The first file of a name counts.
    private func handler(_ id: String) -> Handler? {
        guard id.hasSuffix(".desktop"), !id.contains("/") else { return nil }
        guard let text = applicationFolders.lazy.compactMap({ Self.text("\($0)/\(id)") }).first else {
            // With a dash it may lie in a folder below, where its name is no longer that of a service on the bus.
            return id.contains("-") ? Handler(id: id, name: id, isOnBus: false) : nil
        }
        var own: [String: String] = [:]
        for (group, key, value) in Self.entries(of: text) where group == "Desktop Entry" { own[key] = value }
        guard own["Hidden"] != "true" else { return nil }
        let service = String(id.dropLast(".desktop".count))
        let isOnBus = own["DBusActivatable"] == "true" && Self.isBusName(service)
        return Handler(id: id, name: own["Name"] ?? service, isOnBus: isOnBus)
    }

    /// As GLib wants it, which starts the program: a name of the bus, without dashes.
    private static func isBusName(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1 && name.utf8.count <= 255
            && parts.allSatisfy { part in
                guard let first = part.utf8.first, !(0x30...0x39).contains(first) else { return false }
                return part.utf8.allSatisfy { byte in
                    (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
                }
            }
    }

    /// Groups of `key=value`, as in GLib's key files.
    private static func entries(of text: String) -> [(group: String, key: String, value: String)] {
        var (group, entries) = ("", [(group: String, key: String, value: String)]())
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            if line.hasPrefix("["), let end = line.lastIndex(of: "]") {
                group = String(line[line.index(after: line.startIndex)..<end])
            } else if let equals = line.firstIndex(of: "=") {
                let (key, value) = (line[..<equals], line[line.index(after: equals)...])
                entries.append((group, trimmed(key), trimmed(value)))
            }
        }
        return entries
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    private static func text(_ path: String) -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }
}
