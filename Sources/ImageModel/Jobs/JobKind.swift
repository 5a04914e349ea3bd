/// The six kinds of job; each has its own intake queue.
public enum JobKind: String, Sendable, Codable, CaseIterable, Comparable {
    /// Fetch an image from a URL and store it.
    case `import`
    /// Store an image once more, or make a new one from it.
    case copy
    /// Offer an image, answer an offer, or take it back.
    case share
    /// Change what is said of an image.
    case update
    /// Remove an image or one replica of it.
    case delete
    /// End another job.
    case cancel

    /// Orders as the contract lists the kinds.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
