import ImageModel

/// A format in qemu-img's words.
struct QEMUFormat {
    /// The name of the driver.
    let driver: String
    /// What is set besides, as `key=value`: of a file that is read or of one that is made.
    let options: [String]

    /// How an image is read; nil for what is no disk.
    init?(reading format: ImageFormat) {
        switch format {
        case .raw: self.init("raw")
        case .qcow2: self.init("qcow2")
        case .vmdk: self.init("vmdk")
        // Cylinders and heads describe another disk than the footer's size, which the inspector goes by.
        case .vhd: self.init("vpc", ["force_size_calc=current_size"])
        case .vhdx: self.init("vhdx")
        case .vdi: self.init("vdi")
        case .iso: return nil
        }
    }

    /// How an image is made.
    init?(writing format: ImageFormat) {
        switch format {
        case .raw: self.init("raw")
        case .qcow2: self.init("qcow2")
        case .vmdk: self.init("vmdk", ["subformat=monolithicSparse"])
        // Otherwise the disk would be rounded to whole cylinders.
        case .vhd: self.init("vpc", ["subformat=dynamic,force_size=on"])
        case .vhdx: self.init("vhdx", ["subformat=dynamic"])
        case .vdi: self.init("vdi")
        case .iso: return nil
        }
    }

    private init(_ driver: String, _ options: [String] = []) {
        self.driver = driver
        self.options = options
    }

    /// A file to read, for `--image-opts`: no format is ever probed, and no name is read for a protocol.
    func imageOptions(of name: String) -> String {
        (["driver=\(driver)", "file.driver=file", "file.filename=\(name)"] + options).joined(separator: ",")
    }
}
