import Foundation
import JobMessages

/// Standard output for results, standard error for everything else.
enum Console {
    static func say(_ line: String) {
        write(line + "\n", to: STDOUT_FILENO)
    }

    static func say(_ json: JSONValue) {
        say(String(decoding: JSONWriter.bytes(of: json), as: UTF8.self))
    }

    static func complain(_ message: String) {
        write("longshore: \(message)\n", to: STDERR_FILENO)
    }

    /// A message that says by itself where it comes from.
    static func explain(_ message: String) {
        write("\(message)\n", to: STDERR_FILENO)
    }

    static func warn(_ message: String) {
        write("longshore: warning: \(message)\n", to: STDERR_FILENO)
    }

    /// Text without a line end, for a line that is written again and again.
    static func draw(_ text: String) {
        write(text, to: STDOUT_FILENO)
    }

    /// The same on standard error, beside a result on standard output.
    static func drawAside(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    /// Whether somebody looks at standard error.
    static var isAsideTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether somebody looks at standard output.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
