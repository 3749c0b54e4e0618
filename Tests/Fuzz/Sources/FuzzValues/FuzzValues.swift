import Foundation
import Fuzzing
import JetonAPI
import MatrixClient

/// Values as programs, files and homeservers may write them: JSON texts, errors, times, addresses.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = bytes(data, count)
    checkDocument(input, .json)
    checkDocument(input, .json5)
    if let value = try? JSONCoding.decoder().decode(JSONValue.self, from: Data(input)) {
        _ = try? JSONCoding.encoder().encode(value)
        _ = Reply.bytes(id: .null, error: AgentError(json: value))
    }
    if let text = String(validating: input, as: UTF8.self) {
        checkMoment(text)
        if let address = try? HomeserverAddress(text) {
            demand((try? HomeserverAddress(address.description)) == address, "an address that is none of its own kind")
        }
    }
    return 0
}

/// A tree covers its text, and what it says of a string is what Foundation says.
private func checkDocument(_ input: [UInt8], _ dialect: JSONDialect) {
    guard let document = try? JSONDocument(input, dialect: dialect) else { return }
    check(document.root, in: document, dialect)
    demand(!document.place(of: document.root.range.upperBound).description.isEmpty, "a place without words")
}

private func check(_ node: JSONNode, in document: JSONDocument, _ dialect: JSONDialect) {
    demand(document.bytes.indices.contains(node.range.lowerBound) && !node.range.isEmpty, "a value of nothing")
    let text = Array(document.text(of: node))
    demand((try? JSONDocument(text, dialect: dialect).root.content) != nil, "a part that is no JSON by itself")
    if dialect == .json, String(validating: text, as: UTF8.self) != nil, let string = document.string(of: node),
        let other = try? JSONDecoder().decode(String.self, from: Data(text))
    {
        demand(string == other, "\"\(string)\" is \"\(other)\" to Foundation")
    }
    switch node.content {
    case .object(let members): for member in members { check(member.value, in: document, dialect) }
    case .array(let elements): for element in elements { check(element, in: document, dialect) }
    default: break
    }
}

/// A time stays itself when it is written and read again, and can be reckoned with.
private func checkMoment(_ text: String) {
    guard let moment = read(text) else { return }
    demand(read(moment.description) == moment, "\(text) becomes \(moment)")
    for step in [Duration.milliseconds(1), .seconds(Int64.max), .seconds(Int64.min), .milliseconds(Int64.max)] {
        let other = moment.advanced(by: step)
        demand(read(other.description) == other, "\(other) cannot be read")
        demand((moment < other) == (moment.duration(to: other) > .zero), "\(moment) and \(other) disagree")
    }
}

private func read(_ text: String) -> Moment? {
    guard let json = try? JSONEncoder().encode(text) else { return nil }
    return try? JSONDecoder().decode(Moment.self, from: json)
}
