internal import Glibc
internal import JetonAPI

/// What the user reads of a sign-in. What others chose (names, ids) is cut, and can neither break a line nor be markup.
struct NoticeWords {
    private let event: LoginTokenRedeemed

    init(_ event: LoginTokenRedeemed) { self.event = event }

    private var account: String { Self.plain(event.account, 200) }

    var summary: String { "A device was signed in as \(account)" }

    func body(_ devices: [Redeemer]) -> String {
        var lines = devices.prefix(Self.mostDevices).map(sighting)
        if devices.count > Self.mostDevices { lines.append("And \(devices.count - Self.mostDevices) more.") }
        let how = devices.count == 1 ? "Most likely it used" : "Any of them may have used"
        let purpose = event.purpose.map { " for “\(Self.plain($0, 150))”" } ?? ""
        lines.append("\(how) the login token\(purpose).")
        lines.append(
            "It is not verified for end-to-end encryption: verify it there, by another session of yours or by your "
                + "recovery key."
        )
        lines.append("If this was not you: jeton revoke \(devices.count == 1 ? Self.id(devices[0]) : "DEVICE")")
        return lines.joined(separator: "\n")
    }

    func signedOut(_ device: Redeemer) -> String { "\(name(of: device)) can no longer act as \(account)." }

    func stillSignedIn(_ device: Redeemer, _ problem: String) -> String {
        "\(name(of: device)) can still act as \(account).\n\(Self.plain(problem, 300))\n"
            + "Try again: jeton revoke \(Self.id(device))"
    }

    func name(of device: Redeemer) -> String {
        device.displayName.map { "“\(Self.plain($0, 60))”" } ?? Self.id(device)
    }

    /// More would not be shown anyway.
    private static let mostDevices = 4

    private func sighting(_ device: Redeemer) -> String {
        let name = device.displayName.map { "“\(Self.plain($0, 60))” (\(Self.id(device)))" } ?? Self.id(device)
        let address = device.lastSeenIp.map { ", from \(Self.plain($0, 60))" } ?? ""
        return "\(name), at \(Self.clock(device.at))\(address)."
    }

    private static func id(_ device: Redeemer) -> String { plain(device.deviceId, 80) }

    private static func plain(_ text: String, _ maximumBytes: Int) -> String {
        PlainText(text, maximumBytes: maximumBytes).description
    }

    /// As the clock on the user's wall shows it (tzset(3)).
    private static func clock(_ moment: Moment) -> String {
        var seconds = time_t(moment.millisecondsSince1970 / 1000)
        var fields = unsafe tm()
        unsafe localtime_r(&seconds, &fields)
        let (hour, minute) = unsafe (Int(fields.tm_hour), Int(fields.tm_min))
        return "\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }
}
