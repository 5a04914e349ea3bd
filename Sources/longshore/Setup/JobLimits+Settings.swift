import ImageJobs
import ImageModel
import ImageUnpacking
import LongshoreSettings

extension JobLimits {
    init(_ settings: Settings) {
        self.init(
            imageBytes: settings.limits.image.bytes, virtualBytes: settings.limits.virtual.bytes,
            unpacking: UnpackLimits(settings))
    }
}

extension UnpackLimits {
    init(_ settings: Settings) {
        self.init(
            bytes: settings.limits.unpacked.bytes, ratio: settings.limits.unpackRatio,
            time: settings.fetch.timeouts.total)
    }
}
