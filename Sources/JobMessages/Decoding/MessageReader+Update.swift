import ImageModel

extension MessageReader {
    /// The `set` of an update, in the order of the document; the one place where `null` means something.
    mutating func changes(_ place: Place) -> [ImageChange]? {
        guard let object = object(place) else { return nil }
        var changes: [ImageChange] = []
        for member in object.members where !member.isExtension {
            if let change = change(member.name, place.member(member)) { changes.append(change) }
        }
        guard object.members.contains(where: { !$0.isExtension }) else {
            note("must set at least one member", at: place.path)
            return nil
        }
        return changes
    }

    private mutating func change(_ name: String, _ place: Place) -> ImageChange? {
        switch name {
        case "name": imageName(place).map(ImageChange.name)
        case "description": nullable(place) { $0.imageDescription($1) }.map(ImageChange.description)
        case "visibility": nullable(place) { $0.choice($1) }.map(ImageChange.visibility)
        case "protected": nullable(place) { $0.flag($1) }.map(ImageChange.isProtected)
        case "tags": nullable(place) { $0.tags($1) }.map(ImageChange.tags)
        case "min_disk_gib": nullable(place) { $0.requirement($1) }.map(ImageChange.minimumDiskGiB)
        case "min_ram_mib": nullable(place) { $0.requirement($1) }.map(ImageChange.minimumRAMMiB)
        case "os": nullable(place) { $0.operatingSystem($1) }.map(ImageChange.os)
        case "state": nullable(place) { $0.text($1, characters: 1...255) }.map(ImageChange.state)
        case "properties": propertyChanges(place).map(ImageChange.properties)
        case "deleted": restore(place)
        default: unknownChange(place)
        }
    }

    /// Nil when the value is wrong, a nil inside when it is `null`.
    private mutating func nullable<Value>(_ place: Place, _ read: (inout Self, Place) -> Value?) -> Value?? {
        if place.value == .null { return .some(nil) }
        return read(&self, place).map(Optional.some)
    }

    private mutating func propertyChanges(_ place: Place) -> [String: PropertyValue?]? {
        guard let members = propertyMembers(place) else { return nil }
        var properties: [String: PropertyValue?] = [:]
        for member in members where isNew(member, among: properties.keys, in: place) {
            let value = nullable(place.member(member)) { $0.propertyValue($1) }
            if let value { properties.updateValue(value, forKey: member.name) }
        }
        return properties
    }

    private mutating func restore(_ place: Place) -> ImageChange? {
        guard place.value == .bool(false) else {
            note("must be false, which restores; a delete job deletes", place)
            return nil
        }
        return .restore
    }

    private mutating func unknownChange(_ place: Place) -> ImageChange? {
        noteUnknown(place, in: "set")
        return nil
    }
}
