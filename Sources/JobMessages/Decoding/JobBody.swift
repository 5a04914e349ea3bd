import ImageModel

/// Reads the members of a job message one after another, so that what is wrong is noted in the document's order.
struct JobBody {
    let message: IncomingMessage
    let root: JSONObject
    /// Nil when the message does not say a kind that exists; then only what all kinds share can be checked.
    let kind: JobKind?
    var draft = JobDraft()
    var reader = MessageReader()

    init(_ message: IncomingMessage, root: JSONObject) {
        self.message = message
        self.root = root
        kind = root["kind"]?.string.flatMap(JobKind.init)
    }

    mutating func read() {
        for member in root.members where !member.isExtension {
            let place = Place(.object(root)).member(member)
            if JobMember.common.contains(member.name) {
                readCommon(member.name, place)
            } else if let kind {
                if JobMember.own(kind).contains(member.name) {
                    readOwn(member.name, place, of: kind)
                } else {
                    reader.noteUnknown(place, in: "\(kind == .import || kind == .update ? "an" : "a") \(kind) job")
                }
            }
        }
        settleID()
        settlePriority()
        for name in ["version", "kind"] + (kind.map(JobMember.required) ?? []) where root[name] == nil {
            reader.noteMissing(name, in: JSONPointer())
        }
    }

    private mutating func readCommon(_ name: String, _ place: Place) {
        switch name {
        case "id": readID(place)
        case "kind": checkKind(place)
        case "priority": draft.priority = reader.integer(place, in: 0...9).map { Int($0) }
        case "actor": draft.actor = reader.actor(place)
        case "after": draft.after = reader.predecessors(place, of: root["id"]?.string ?? message.namedJobID) ?? []
        case "after_failed": draft.runsAfterFailure = reader.choice(place) == AfterFailure.run
        case "deadline": draft.deadline = reader.moment(place)
        case "max_attempts": draft.maxAttempts = reader.integer(place, in: 1...100).map { Int($0) }
        default: break  // The version was looked at before anything else.
        }
    }

    private mutating func readOwn(_ name: String, _ place: Place, of kind: JobKind) {
        switch name {
        case "image" where kind == .import: draft.image = reader.imageSpecification(place)
        case "image": draft.imageID = reader.imageReference(place)
        case "source": draft.source = reader.source(place)
        case "expect": draft.expectations = reader.expectations(place) ?? Expectations()
        case "digests": draft.digests = reader.digestAlgorithms(place)
        case "transform": draft.transform = reader.transform(place) ?? Transform()
        case "stores": draft.stores = reader.storeNames(place)
        case "stores_require": draft.storesRequire = reader.choice(place)
        case "to": draft.target = reader.copyTarget(place)
        case "share": draft.share = reader.share(place)
        case "set": draft.changes = reader.changes(place)
        case "if_revision": draft.ifRevision = reader.integer(place, in: 1...Int64.max)
        case "delete": draft.deletedReplica = reader.deletedReplica(place)
        case "job": draft.cancelledJob = reader.cancelledJob(place)
        default: preconditionFailure("\(name) is in the table of members, but nobody reads it")
        }
    }

    // MARK: What the properties say too

    private mutating func readID(_ place: Place) {
        draft.id = reader.identifier(place)
        if let named = message.namedJobID, let id = draft.id, id.rawValue != named {
            let shown = ShortenedText.show(.string(named))
            reader.note("must equal the property message_id, \(shown)", place)
        }
    }

    private mutating func checkKind(_ place: Place) {
        guard let kind: JobKind = reader.choice(place) else { return }
        if kind.rawValue != message.routingKey {
            let shown = ShortenedText.show(.string(message.routingKey))
            reader.note("must equal the routing key, \(shown)", place)
        }
    }

    private mutating func settleID() {
        guard root["id"] == nil else { return }
        if let named = message.namedJobID {
            draft.id = reader.identifier(Place(.string(named), at: JSONPointer(["id"])))
        } else {
            reader.note("is required here or as the property message_id", at: JSONPointer(["id"]))
        }
    }

    /// The body wins; a property beyond 9 means 9, as it does to RabbitMQ's own priority queues.
    private mutating func settlePriority() {
        guard root["priority"] == nil else { return }
        draft.priority = message.priority.map { min(9, max(0, $0)) }
    }
}

/// What becomes of a job whose predecessor did not succeed.
enum AfterFailure: String, CaseIterable {
    case fail
    case run
}

extension MessageReader {
    fileprivate mutating func actor(_ place: Place) -> JobActor? {
        guard let object = object(place) else { return nil }
        var actor = JobActor()
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "account": actor.account = identifier(inside)
            case "user": actor.user = text(inside, characters: 1...255)
            default: noteUnknown(inside, in: "actor")
            }
        }
        return actor
    }

    /// A job that waited for itself would wait for ever.
    fileprivate mutating func predecessors(_ place: Place, of job: String?) -> [JobID]? {
        list(place, count: 0...16, of: "job ids", isUnique: true) { reader, inside in
            let id: JobID? = reader.identifier(inside)
            if let id, id.rawValue == job { reader.note("must not be the job itself", inside) }
            return id
        }
    }
}
