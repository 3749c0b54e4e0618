internal import NIOHTTP1

/// What a browser is shown. No page repeats anything of the request, loads anything, or runs anything.
enum CallbackPage {
    case arrived
    case alreadyArrived
    case noToken
    case wrongMethod
    case elsewhere

    var status: HTTPResponseStatus {
        switch self {
        case .arrived: .ok
        case .alreadyArrived: .gone
        case .noToken: .badRequest
        case .wrongMethod: .methodNotAllowed
        case .elsewhere: .notFound
        }
    }

    private var words: (title: String, text: String) {
        switch self {
        case .arrived:
            ("Almost done", "Jeton has what it was waiting for. Close this page and go back to where you began.")
        case .alreadyArrived: ("Already done", "This sign-in has come to its end before. You can close this page.")
        case .noToken: ("Nothing arrived", "The homeserver sent no login token along. Begin the sign-in anew.")
        case .wrongMethod: ("Not like this", "Only a browser's visit is awaited here.")
        case .elsewhere: ("Nothing here", "There is nothing at this address.")
        }
    }

    var headers: HTTPHeaders {
        var headers: HTTPHeaders = [
            "Content-Type": "text/html; charset=utf-8", "Content-Length": "\(html.utf8.count)", "Connection": "close",
            // The address of this page holds the login token: no cache keeps it, no other site learns it.
            "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
        ]
        if self == .wrongMethod { headers.add(name: "Allow", value: "GET") }
        return headers
    }

    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>Jeton: \(words.title)</title>
        <style>body { font: 1.2em sans-serif; max-width: 30em; margin: 20vh auto; padding: 0 1em }</style>
        <h1>\(words.title)</h1>
        <p>\(words.text)</p>
        </html>

        """
    }
}
