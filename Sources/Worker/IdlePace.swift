/// How long to wait before looking for work again: not long while there was some lately, longer when there was none for
/// a while. A thousand idle workers must not keep a database busy.
struct IdlePace: Sendable {
    /// Waits of the shortest length before they grow. Five seconds of them with the usual poll: by then the role of a
    /// relay that died is free, and a notification that was left out has been followed by a look.
    private static let patience = 10

    private let shortest: Duration
    private let longest: Duration
    private var looks = 0

    init(from shortest: Duration, to longest: Duration) {
        self.shortest = shortest
        self.longest = max(shortest, longest)
    }

    /// The next wait, after a look that found nothing.
    mutating func next() -> Duration {
        looks += 1
        guard looks > Self.patience else { return shortest }
        return min(longest, shortest * (1 << min(looks - Self.patience, 10)))
    }

    /// There is work, or a sign of it.
    mutating func reset() { looks = 0 }
}
