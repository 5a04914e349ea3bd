/// Which of the messages published on a channel have been confirmed.
///
/// The broker numbers the messages of a channel from 1 in the order published, and confirms them in any order, one by
/// one or all up to a number. A message nobody wanted comes back before its confirm, without its number: it is known
/// by exchange, routing key and message id, and among equals the oldest comes back first.
struct ConfirmLedger<Ticket> {
    /// What the broker said, and about whom.
    struct Resolution {
        let ticket: Ticket
        let isPositive: Bool
        let wasReturned: Bool
    }

    /// What a returned message is known by.
    struct Address: Hashable {
        let exchange: String
        let routingKey: String
        let messageID: String?
    }

    private struct Entry {
        let ticket: Ticket
        let address: Address
        var wasReturned = false
    }

    private var entries: [UInt64: Entry] = [:]
    /// No entry has a lower number.
    private var oldest: UInt64 = 1
    private var next: UInt64 = 1

    /// Messages without a confirm.
    var count: Int { entries.count }

    /// Notes the next message of the channel.
    ///
    /// - Returns: Its number.
    @discardableResult
    mutating func append(_ ticket: Ticket, _ address: Address) -> UInt64 {
        defer { next += 1 }
        entries[next] = Entry(ticket: ticket, address: address)
        return next
    }

    /// Notes that a message came back. One that is not known is ignored.
    mutating func markReturned(_ address: Address) {
        for number in oldest..<next {
            guard let entry = entries[number], !entry.wasReturned, entry.address == address else { continue }
            entries[number]?.wasReturned = true
            return
        }
    }

    /// Takes out what a confirm settles; numbers that are not known, or settled already, are ignored.
    mutating func resolve(upTo tag: UInt64, multiple: Bool, isPositive: Bool) -> [Resolution] {
        // Number zero with `multiple` means all (AMQP 0-9-1, basic.ack).
        let last = tag == 0 && multiple ? next - 1 : min(tag, next - 1)
        guard last >= oldest, tag < next else { return [] }
        var resolutions: [Resolution] = []
        for number in multiple ? oldest...last : last...last {
            guard let entry = entries.removeValue(forKey: number) else { continue }
            resolutions.append(
                Resolution(ticket: entry.ticket, isPositive: isPositive, wasReturned: entry.wasReturned)
            )
        }
        while oldest < next, entries[oldest] == nil { oldest += 1 }
        return resolutions
    }

    /// Takes all out, oldest first, with their addresses; the channel is gone and numbers begin anew.
    mutating func removeAll() -> [(ticket: Ticket, address: Address)] {
        defer { self = ConfirmLedger() }
        return entries.sorted { $0.key < $1.key }.map { ($0.value.ticket, $0.value.address) }
    }
}
