internal import FoundationEssentials
internal import JetonAPI
internal import MatrixClient
internal import NIOPosix

/// Whose certificates are trusted: as the agent's settings have it.
enum Authorities {
    /// The part of the configuration that is ours; the agent looks after the rest.
    private struct File: Decodable { var caFile: String? }

    static func transport(_ option: String?) throws(Problem) -> HTTPTransport {
        let file = try caFile(option)
        do {
            return try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton, caFile: file)
        } catch {
            throw Problem("ca_file \(file ?? ""): cannot be read as PEM certificates (\(error))")
        }
    }

    private static func caFile(_ option: String?) throws(Problem) -> String? {
        var found: String?
        guard let folder = try? Folders.configuration(option) else { return nil }
        do {
            for file in try ConfigurationFiles.read(folder: folder) {
                // Foundation's decoder ends the process at a key in another encoding.
                guard String(validating: file.text, as: UTF8.self) != nil,
                    let own = try? JSONCoding.decoder(dialect: .json5).decode(File.self, from: Data(file.text))
                else {
                    throw Problem("\(file.path) cannot be understood; `jetond --check-config` says what is wrong")
                }
                found = own.caFile ?? found
            }
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem("\(error)")
        }
        return found.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
    }
}
