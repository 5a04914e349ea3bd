import Foundation
import ImageModel

/// Shows how far a job is: a bar that is drawn over itself on a terminal, plain lines elsewhere.
struct ProgressLine {
    private let isTerminal: Bool
    private var isDrawn = false

    init(isTerminal: Bool) {
        self.isTerminal = isTerminal
    }

    /// Shows a step of the job's life.
    mutating func tell(_ text: String) {
        clear()
        Console.say(text)
    }

    /// Shows progress.
    mutating func show(_ progress: JobProgress) {
        guard isTerminal else {
            Console.say(Self.text(progress, width: 0))
            return
        }
        Console.draw("\r\u{1B}[K" + Self.text(progress, width: 24))
        isDrawn = true
    }

    /// Removes the bar.
    mutating func clear() {
        guard isDrawn else { return }
        Console.draw("\r\u{1B}[K")
        isDrawn = false
    }

    /// `fetching [######------]  45%  269.1 MiB of 598.0 MiB  84.0 MiB/s  0:04 left`
    static func text(_ progress: JobProgress, width: Int) -> String {
        var parts = [progress.stage.rawValue]
        if let total = progress.total, total > 0 {
            let share = min(1, Double(progress.bytes) / Double(total))
            if width > 0 {
                let filled = Int(share * Double(width))
                parts.append(
                    "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled) + "]")
            }
            let percent = "\(Int(share * 100))%"
            parts.append(String(repeating: " ", count: max(0, 4 - percent.count)) + percent)
            parts.append("\(ByteCount(progress.bytes)) of \(ByteCount(total))")
        } else {
            parts.append("\(ByteCount(progress.bytes)) so far")
        }
        parts.append("\(ByteCount(progress.bytesPerSecond))/s")
        if let total = progress.total, progress.bytesPerSecond > 0 {
            parts.append("\(clock(max(0, total - progress.bytes) / progress.bytesPerSecond)) left")
        }
        return parts.joined(separator: "  ")
    }

    private static func clock(_ seconds: Int64) -> String {
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        guard seconds >= 3_600 else { return "\(seconds / 60):\(two(seconds % 60))" }
        return "\(seconds / 3_600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }
}
