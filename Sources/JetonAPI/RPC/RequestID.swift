/// The id of a request, as the very bytes that the client wrote: a 30-digit number comes back as it came.
public struct RequestID: Sendable, Hashable {
    public let text: String

    /// What an answer carries when the request's own id could not be read.
    public static let null = RequestID(text: "null")

    init(text: String) { self.text = text }

    init?(_ node: JSONNode, in document: JSONDocument) {
        switch node.content {
        case .string, .number, .null: text = String(decoding: document.text(of: node), as: UTF8.self)
        case .object, .array, .boolean: return nil
        }
    }
}
