import ImageModel

extension MessageReader {
    /// The `to` of a copy: a store, a new image, or both.
    mutating func copyTarget(_ place: Place) -> (store: StoreName?, image: CopyRequest.NewImage?)? {
        guard let object = object(place) else { return nil }
        var store: StoreName?
        var image: CopyRequest.NewImage?
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "store": store = identifier(inside)
            case "image": image = newImage(inside)
            default: noteUnknown(inside, in: "to")
            }
        }
        guard object["store"] != nil || object["image"] != nil else {
            note("must name a store, an image, or both", at: place.path)
            return nil
        }
        return (store, image)
    }

    private mutating func newImage(_ place: Place) -> CopyRequest.NewImage? {
        guard let object = object(place) else { return nil }
        var image = CopyRequest.NewImage(name: "")
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "id": image.id = identifier(inside)
            case "name": image.name = imageName(inside) ?? ""
            case "owner": image.owner = identifier(inside)
            default: noteUnknown(inside, in: "the image of a copy")
            }
        }
        if object["name"] == nil { noteMissing("name", in: place.path) }
        return image
    }

    mutating func share(_ place: Place) -> (action: ShareAction, member: AccountID)? {
        guard let object = object(place) else { return nil }
        var action: ShareAction?
        var account: AccountID?
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "action": action = choice(inside)
            case "member": account = identifier(inside)
            default: noteUnknown(inside, in: "share")
            }
        }
        for name in ["action", "member"] where object[name] == nil { noteMissing(name, in: place.path) }
        guard let action, let account else { return nil }
        return (action, account)
    }

    /// The `delete` of a delete: the store to delete from.
    mutating func deletedReplica(_ place: Place) -> StoreName? {
        guard let object = object(place) else { return nil }
        var store: StoreName?
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "store": store = identifier(inside)
            default: noteUnknown(inside, in: "delete")
            }
        }
        if object["store"] == nil { noteMissing("store", in: place.path) }
        return store
    }

    /// The `job` of a cancel.
    mutating func cancelledJob(_ place: Place) -> JobID? {
        guard let object = object(place) else { return nil }
        var id: JobID?
        for member in object.members where !member.isExtension {
            let inside = place.member(member)
            switch member.name {
            case "id": id = identifier(inside)
            default: noteUnknown(inside, in: "the job of a cancel")
            }
        }
        if object["id"] == nil { noteMissing("id", in: place.path) }
        return id
    }
}
