internal import Agent
internal import Glibc
internal import MatrixClient

/// What the service manager runs at a reload: only a configuration without a mistake is worth a signal.
enum ConfigurationCheck {
    /// Reads all that an agent would.
    static func read(_ folder: String) throws -> Configuration {
        let configuration = try Configuration.read(folder: folder)
        try checkCertificates(configuration)
        return configuration
    }

    static func checkCertificates(_ configuration: Configuration) throws(StartProblem) {
        guard let file = configuration.caFile else { return }
        do {
            try HTTPTransport.checkCertificates(in: file)
        } catch {
            throw StartProblem("ca_file \(file): cannot be read as PEM certificates (\(error))")
        }
    }

    /// Tells a running agent to read it.
    static func signal(_ pid: Int32) throws(StartProblem) {
        guard pid > 1, kill(pid, SIGHUP) == 0 else { throw StartProblem("no agent runs as process \(pid)") }
    }
}
