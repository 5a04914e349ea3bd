import ImageModel

extension MessageReader {
    /// The `image` of an import.
    mutating func imageSpecification(_ place: Place) -> ImageSpecification? {
        guard let object = object(place) else { return nil }
        var image = ImageSpecification(name: "")
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "id": image.id = identifier(inside)
            case "name": image.name = imageName(inside) ?? ""
            case "owner": image.owner = identifier(inside)
            case "profile": image.profile = configuredName(inside)
            case "description": image.description = imageDescription(inside)
            case "visibility": image.visibility = choice(inside)
            case "protected": image.isProtected = flag(inside)
            case "tags": image.tags = tags(inside)
            case "min_disk_gib": image.minimumDiskGiB = requirement(inside)
            case "min_ram_mib": image.minimumRAMMiB = requirement(inside)
            case "os": image.os = operatingSystem(inside)
            case "properties": image.properties = properties(inside)
            default: noteUnknown(inside, in: "the image of an import")
            }
        }
        if object["name"] == nil { noteMissing("name", in: place.path) }
        return image
    }

    /// The `image` of every other kind: its id and nothing else.
    mutating func imageReference(_ place: Place) -> ImageID? {
        guard let object = object(place) else { return nil }
        var id: ImageID?
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "id": id = identifier(inside)
            default: noteUnknown(inside, in: "the image of this kind of job")
            }
        }
        if object["id"] == nil { noteMissing("id", in: place.path) }
        return id
    }

    mutating func imageName(_ place: Place) -> String? { text(place, characters: 1...255) }

    mutating func imageDescription(_ place: Place) -> String? { text(place, characters: 0...2_048) }

    mutating func tags(_ place: Place) -> [String]? {
        list(place, count: 0...128, of: "tags") { $0.text($1, characters: 1...255) }
    }

    /// `min_disk_gib` or `min_ram_mib`.
    mutating func requirement(_ place: Place) -> Int64? { integer(place, in: 0...Int64(Int32.max)) }

    mutating func operatingSystem(_ place: Place) -> OperatingSystem? {
        guard let object = object(place) else { return nil }
        var os = OperatingSystem()
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "type": os.type = text(inside, characters: 1...255)
            case "distro": os.distro = text(inside, characters: 1...255)
            case "version": os.version = text(inside, characters: 1...255)
            case "arch": os.arch = text(inside, characters: 1...255)
            default: noteUnknown(inside, in: "os")
            }
        }
        return os
    }

    mutating func properties(_ place: Place) -> [String: PropertyValue]? {
        guard let members = propertyMembers(place) else { return nil }
        var properties: [String: PropertyValue] = [:]
        for member in members where isNew(member, among: properties.keys, in: place) {
            if let value = propertyValue(place.member(member)) { properties[member.name] = value }
        }
        return properties
    }

    /// The members of an object of properties, when there are not too many and each has a usable name.
    mutating func propertyMembers(_ place: Place) -> [JSONObject.Member]? {
        guard let object = object(place) else { return nil }
        guard object.members.count <= 128 else {
            note("must be an object of at most 128 properties", place)
            return nil
        }
        for member in object.members where !(1...255).contains(member.name.unicodeScalars.count) {
            note("must have a name of 1 to 255 characters", at: place.path.appending(member.name))
        }
        return object.members
    }

    /// Names that differ only in Unicode's normalisation are the same to Swift, databases and most consumers.
    mutating func isNew(_ member: JSONObject.Member, among names: some Collection<String>, in place: Place) -> Bool {
        let isNew = !names.contains(member.name)
        if !isNew { note("must not have a name equivalent to another's", at: place.path.appending(member.name)) }
        return isNew
    }

    mutating func propertyValue(_ place: Place) -> PropertyValue? {
        switch place.value {
        case .string(let text) where text.utf8.count <= 4_096: return .string(text)
        case .integer(let number): return .integer(number)
        case .number(let number):
            return Int64(exactly: number.value).map(PropertyValue.integer) ?? .number(number.value)
        case .bool(let value): return .bool(value)
        default:
            // The value itself stays unsaid: properties may hold anything, passwords included.
            note("must be a string, number or boolean of at most 4096 bytes", at: place.path, value: place.value.noun)
            return nil
        }
    }

    /// The name of something configured, where the model keeps it as text.
    mutating func configuredName(_ place: Place) -> String? {
        let name: Identifier<ConfiguredNameKind>? = identifier(place)
        return name?.rawValue
    }
}
