/// Finds what somebody who mistyped a name probably meant.
enum NearMiss {
    /// The candidate with the fewest typing errors, when they are few for its length; the first of equals.
    static func of(_ text: String, among candidates: [String]) -> String? {
        let wanted = Array(text.lowercased().utf8)
        let limit = max(1, min(3, wanted.count / 4))
        var best: (distance: Int, candidate: String)?
        for candidate in candidates where abs(candidate.utf8.count - wanted.count) <= limit {
            let distance = distance(wanted, Array(candidate.lowercased().utf8))
            if distance <= limit, distance < best?.distance ?? .max {
                best = (distance, candidate)
            }
        }
        return best?.candidate
    }

    /// Insertions, removals and replacements that turn one into the other (Levenshtein).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let replaced = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[right.count]
    }
}
