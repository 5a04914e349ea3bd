public import Catalog
public import ImageModel

extension CatalogReader {
    /// What is known of a job now, as an event of this moment would tell it.
    public func lastState(of job: Job) throws -> EventData {
        EventData(
            job: job, image: try job.imageID.flatMap(image), source: job.source,
            progress: job.state == .running ? job.progress : nil, error: job.failure)
    }
}
