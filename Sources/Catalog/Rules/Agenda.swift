import ImageModel

/// The ends of one transaction whose consequences are still to be drawn.
///
/// They are drawn one after another and not by recursion, because a chain of jobs is as long as producers make it.
final class Agenda {
    /// Something that has come to an end.
    enum Entry: Hashable {
        /// Jobs may have waited for this one.
        case job(JobID)
        /// Jobs on this image may have waited for a change of it.
        case image(ImageID)
    }

    private var entries: [Entry] = []
    private var known: Set<Entry> = []

    /// Adds an entry unless it is on the agenda already.
    func add(_ entry: Entry) {
        if known.insert(entry).inserted { entries.append(entry) }
    }

    /// Takes all entries off, in the order in which they came.
    func takeAll() -> [Entry] {
        defer {
            entries = []
            known = []
        }
        return entries
    }
}
