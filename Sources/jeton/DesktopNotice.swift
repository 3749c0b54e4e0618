internal import FoundationEssentials
internal import Processes

/// What went wrong behind the back of somebody who looks at a screen: by notify-send, where that is installed.
enum DesktopNotice {
    static func show(_ title: String, _ text: String) {
        guard Browser.hasScreen else { return }
        // Of what it shows, notification servers take some for markup.
        let plain = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        _ = Background.start(
            ["notify-send", "--app-name=Jeton", "--", title, plain],
            environment: ProcessInfo.processInfo.environment
        )
    }
}
