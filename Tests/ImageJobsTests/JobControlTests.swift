import Testing

@testable import ImageJobs

@Suite("Stopping a running job", .timeLimit(.minutes(10)))
struct JobControlTests {
    @Test("The first reason stands")
    func firstReason() {
        let control = JobControl()
        #expect(control.reason == nil)
        #expect(control.stop(.cancelRequested))
        #expect(!control.stop(.shutdown))
        #expect(control.reason == .cancelRequested)
    }

    @Test("A lease that is lost overrules every other reason", arguments: [StopReason.cancelRequested, .shutdown])
    func lostLease(before: StopReason) {
        let control = JobControl()
        control.stop(before)
        #expect(control.stop(.leaseLost))
        #expect(!control.stop(.leaseLost) && !control.stop(before))
        #expect(control.reason == .leaseLost)
    }

    @Test("A stop wakes the one who waits, before or after the wait began", arguments: [true, false])
    func wakes(isEarly: Bool) async {
        let control = JobControl()
        if isEarly { control.stop(.shutdown) }
        let reason = await withTaskGroup(of: StopReason?.self) { group in
            group.addTask { await control.stopped() }
            if !isEarly { control.stop(.shutdown) }
            return await group.next() ?? nil
        }
        #expect(reason == .shutdown)
    }

    @Test("A wait that is cancelled ends without a reason, and the job goes on")
    func cancelledWait() async {
        let control = JobControl()
        let reason = await withTaskGroup(of: StopReason?.self) { group in
            group.addTask { await control.stopped() }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(reason == nil)
        #expect(control.reason == nil)
    }
}
