import Catalog
import ImageJobs
import ImageModel
import Testing

@testable import Worker

@Suite("The parts of a worker", .timeLimit(.minutes(10)))
struct WorkerPartsTests {
    @Test(
        "A reply goes only where the configuration allows, and never to a queue of ours",
        arguments: [
            ("reply.billing", true), ("amq.gen-abc", true), ("amq.rabbitmq.reply-to.g1", true), ("billing", false),
            ("longshore.delete", false), ("longshore.dead", false), ("", false), ("replyx", false),
        ])
    func replies(queue: String, isAllowed: Bool) {
        #expect(WorkerPlan().mayReply(to: queue) == isAllowed)
    }

    @Test("A pattern for every queue still spares our own, whatever their prefix")
    func everyQueue() {
        let plan = WorkerPlan(replyQueues: ["*"], prefix: "images")
        #expect(plan.mayReply(to: "anything") && !plan.mayReply(to: "images.import"))
        #expect(plan.mayReply(to: "imagesque"))
    }

    @Test("A signal given before anybody waits is not lost")
    func wakeUpIsRemembered() async {
        let wakeUp = WakeUp()
        wakeUp.signal()
        await wakeUp.wait(atMost: .seconds(3_600), time: HostTime())
    }

    @Test("A signal wakes the one who waits")
    func wakeUpWakes() async {
        let wakeUp = WakeUp()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await wakeUp.wait(atMost: .seconds(3_600), time: HostTime()) }
            wakeUp.signal()
        }
    }

    @Test("Looks for work become rare when there was none for a while, and frequent again with the first sign of it")
    func idlePace() {
        var pace = IdlePace(from: .milliseconds(500), to: .seconds(5))
        let first = (1...10).map { _ in pace.next() }
        #expect(first.allSatisfy { $0 == .milliseconds(500) })
        #expect((1...4).map { _ in pace.next() } == [.seconds(1), .seconds(2), .seconds(4), .seconds(5)])
        for _ in 1...100 { #expect(pace.next() == .seconds(5)) }
        pace.reset()
        #expect(pace.next() == .milliseconds(500))
    }

    @Test("Whoever waits for a drain is told when it is asked for, before or after; a cancelled task is not kept")
    func drainIsTold() async {
        let drain = DrainRequest()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await DrainRequest().wait() }
            group.cancelAll()
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 1...3 { group.addTask { await drain.wait() } }
            drain.request()
        }
        await drain.wait()
        #expect(drain.isRequested)
    }

    @Test("A wait ends by itself after its limit, and when its task is cancelled")
    func wakeUpEnds() async {
        #expect(await WakeUp().wait(atMost: .milliseconds(1), time: HostTime()) == false)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await WakeUp().wait(atMost: .seconds(3_600), time: HostTime()) }
            group.cancelAll()
        }
    }

    @Test("A job whose lease has run out is stopped as lost; one that was prolonged goes on")
    func expiredLeases() throws {
        let running = RunningJobs()
        let (late, good) = (try lease("late"), try lease("good"))
        let controls = (late: JobControl(), good: JobControl())
        running.add(late, kind: .import, control: controls.late, goodUntil: .seconds(10))
        running.add(good, kind: .import, control: controls.good, goodUntil: .seconds(10))
        running.prolong(good, until: .seconds(20))
        #expect(running.stopExpired(at: .seconds(10)) == [late])
        #expect(running.stopExpired(at: .seconds(10)).isEmpty, "It is told once, however long the job takes to end.")
        #expect(controls.late.reason == .leaseLost && controls.good.reason == nil)
        running.stopAll(.shutdown)
        #expect(controls.late.reason == .leaseLost && controls.good.reason == .shutdown)
        #expect(running.stopExpired(at: .seconds(20)) == [good])
        #expect(controls.good.reason == .leaseLost)
        running.remove(late)
        running.remove(good)
        #expect(running.isEmpty && running.counts.isEmpty)
    }

    @Test("A loop that does not go round for longer than the limit is late; one that never began is not")
    func pulse() {
        let pulse = Pulse()
        pulse.beat(.relay, at: .seconds(1))
        pulse.beat(.scheduler, at: .seconds(100))
        #expect(pulse.late(at: .seconds(61), limit: .seconds(60)).isEmpty)
        #expect(pulse.late(at: .seconds(62), limit: .seconds(60)) == [.relay])
    }

    private func lease(_ job: String) throws -> JobLease {
        JobLease(job: try #require(JobID(job)), fence: 1, worker: try #require(WorkerID("worker")))
    }
}
