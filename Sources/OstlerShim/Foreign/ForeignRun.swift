internal import Glibc
internal import OstlerForeign
internal import OstlerJSON
internal import OstlerProtocol

/// One task: the calls of an executor, one behind the other, and what they leave for each other.
struct ForeignRun: ~Copyable {
    private let executor: PreparedExecutor
    private let releases: Releases
    private let arena: Arena
    private let payload: [UInt8]
    /// Where each of the executor's members stands in the payload, in the arena.
    private let members: UnsafeMutableBufferPointer<Range<Int>>
    /// What calls have left, as JSON; empty for a single call, which leaves nothing to anybody.
    private var values: [[UInt8]?] = []
    private var handles: [UnsafeMutableRawPointer?] = []
    /// Handles that nobody has closed, the oldest first.
    private var open: [(handle: UnsafeMutableRawPointer, close: String)] = []
    private var writer = JSONWriter()

    /// - Parameter arena: is given back when the run ends.
    init(
        _ executor: PreparedExecutor,
        _ payload: [UInt8],
        _ releases: Releases,
        _ arena: Arena
    ) throws(Failure) {
        self.executor = executor
        self.releases = releases
        self.arena = arena
        self.payload = payload
        let count = executor.members.count
        let place = arena.allocate(count * MemoryLayout<Range<Int>>.stride)
        members = UnsafeMutableBufferPointer(
            start: place.bindMemory(to: Range<Int>.self, capacity: count),
            count: count
        )
        members.initialize(repeating: 0..<0)
        do throws(JSONError) {
            try find()
        } catch {
            throw Failure("invalid_payload", fault: .user, message: "the payload cannot be read: \(error.reason)")
        }
        writer.bytes.reserveCapacity(128)
        if executor.isSequence {
            values = Array(repeating: nil, count: executor.valueCount)
            handles = Array(repeating: nil, count: executor.valueCount)
        }
    }

    deinit { arena.reset() }

    private func find() throws(JSONError) {
        try payload.withUnsafeBufferPointer { (buffer) throws(JSONError) in
            var reader = JSONReader(buffer)
            try reader.beginObject()
            while let key = try reader.nextKey() {
                let value = try reader.skipValue()
                for (index, name) in executor.members.enumerated() where reader.matches(key, utf8: name) {
                    members[index] = value
                }
            }
        }
    }

    /// What the payload says of a member.
    private func input(_ member: Int) -> JSONText? {
        let range = members[member]
        // Before the value there is at least a brace.
        return range.lowerBound == 0 ? nil : JSONText(payload[range])
    }

    /// Does all calls, up to the first that does not go well; what is open then is closed, the last first.
    mutating func perform(_ task: String) -> ExecuteResult {
        var failure: Failure?
        if executor.isSequence { writer.beginObject() }
        for (index, step) in executor.steps.enumerated() {
            do throws(Failure) {
                failure = try call(step)
            } catch {
                failure = error
                if index > 0 { failure?.sideEffects = .possible }
            }
            if failure != nil { break }
        }
        if executor.isSequence { writer.endObject() }
        for (handle, close) in open.reversed() { releases.release(handle, by: close) }
        var result = ExecuteResult(task: task, outcome: .succeeded, exitCode: 0)
        if let failure {
            result.outcome = .failed
            result.exitCode = failure.code == Failure.unsuccessfulCall ? 1 : -1
            result.error = failure
        }
        result.result = writer.bytes.isEmpty ? nil : writer.bytes
        return result
    }

    /// Makes one call and writes its result. Returns why it did not go well, if so.
    private mutating func call(_ step: PreparedExecutor.Step) throws(Failure) -> Failure? {
        let frame = try frame(step)
        close(step, frame)
        let (result, errno) = step.function.call(frame, arena)
        if executor.isSequence { writer.key(dynamic: step.name) }
        writer.beginObject()
        if let type = step.function.returns {
            if case .handle(let close) = type {
                keepHandle(result, close, step.firstValue)
            } else {
                writer.key("returns")
                tell(step.firstValue) { type.tell(result, &$0) }
            }
        }
        for index in step.handles { keepHandle(step, index, frame) }
        for index in step.outputs {
            writer.key(dynamic: step.function.declaration.parameters[index].name)
            tell(step.firstValue + 1 + index) {
                frame.tell(index, result, &$0)
            }
        }
        if step.tellsErrno { tell(errno) }
        writer.endObject()
        giveBack(step, frame, result)
        return step.mayFail ? step.function.declaration.failure(result, errno) : nil
    }

    private func frame(_ step: PreparedExecutor.Step) throws(Failure) -> CallFrame {
        var frame = CallFrame(step.function, arena)
        do throws(CallFault) {
            for (index, source) in step.sources.enumerated() {
                switch source {
                case .member(let member): try frame.fill(index, input(member))
                case .value(let place): try frame.fill(index, values[place].map { JSONText($0[...]) })
                case .constant(let value): try frame.fill(index, value)
                case .handle(let place): try frame.fill(index, handle: handles[place])
                case .none: try frame.fill(index, nil)
                }
            }
            frame.fillMeasures()
            return frame
        } catch {
            let function = step.function.declaration
            let place = executor.member(step, error.parameter).map { JSONPointer("/payload").member($0) }
            let parameter = function.parameters[error.parameter].name
            let message = "\(function.name) cannot be called: \(parameter): \(error.reason)"
            throw Failure("value_does_not_fit", fault: .user, message: message, pointer: place)
        }
    }

    /// Writes the value of a member, and keeps it for later steps.
    private mutating func tell(_ place: Int, _ body: (inout JSONWriter) -> Void) {
        guard executor.isSequence else { return body(&writer) }
        var value = JSONWriter()
        body(&value)
        values[place] = value.bytes
        writer.raw(value.bytes)
    }

    private mutating func tell(_ errno: Int32) {
        writer.key("errno")
        writer.beginObject()
        writer.key("number")
        writer.int(errno)
        writer.key("message")
        writer.string(errno == 0 ? "" : String(cString: strerror(errno)))
        writer.endObject()
    }

    private mutating func keepHandle(_ step: PreparedExecutor.Step, _ index: Int, _ frame: CallFrame) {
        guard case .reference(.handle(let close), _) = step.function.kinds[index],
            let target = frame.slots[index].target
        else { return }
        keepHandle(target, close, step.firstValue + 1 + index)
    }

    /// Notes a handle that a call has given.
    private mutating func keepHandle(_ place: UnsafeRawPointer, _ close: String, _ value: Int) {
        guard let handle = place.pointer else { return }
        if executor.isSequence { handles[value] = handle }
        open.removeAll { $0.handle == handle }
        open.append((handle, close))
    }

    /// Takes a handle that this call closes off the list of those that are open.
    private mutating func close(_ step: PreparedExecutor.Step, _ frame: CallFrame) {
        for index in step.closing {
            let handle = UnsafeRawPointer(frame.slots[index].argument).pointer
            open.removeAll { $0.handle == handle }
        }
    }

    /// Gives back text that the library wants back.
    private func giveBack(_ step: PreparedExecutor.Step, _ frame: CallFrame, _ result: UnsafeRawPointer) {
        if case .text(let text) = step.function.returns { giveBack(text, result) }
        for index in step.texts {
            guard case .reference(.text(let text), _) = step.function.kinds[index],
                let target = frame.slots[index].target
            else { continue }
            giveBack(text, target)
        }
    }

    private func giveBack(_ text: CText, _ place: UnsafeRawPointer) {
        guard let release = text.release, let pointer = place.pointer else { return }
        releases.release(pointer, by: release)
    }
}

extension Failure {
    static let unsuccessfulCall = "call_failed"
}

extension ForeignFunction {
    /// Why what it returned means that it did not do its work; nil if it did.
    fileprivate func failure(_ result: UnsafeRawPointer, _ errno: Int32) -> Failure? {
        guard !isSuccess(result) else { return nil }
        var told = JSONWriter()
        returns?.tell(result, &told)
        let reason = tellsErrno && errno != 0 ? ": \(String(cString: strerror(errno)))" : ""
        return Failure(
            Failure.unsuccessfulCall,
            fault: .task,
            sideEffects: .possible,
            message: "\(name) returned \(String(decoding: told.bytes, as: UTF8.self))\(reason)"
        )
    }

    private func isSuccess(_ result: UnsafeRawPointer) -> Bool {
        switch success {
        case .any: return true
        case .notNull: return result.pointer != nil
        case .numbers(let numbers):
            guard let number = returns?.whole(result) else { return false }
            return numbers.contains { ($0 < 0, $0.magnitude) == number }
        case .atLeast(let least):
            guard let number = returns?.whole(result) else { return false }
            switch (number.isNegative, least < 0) {
            case (true, false): return false
            case (false, true): return true
            case (false, false): return number.magnitude >= least.magnitude
            case (true, true): return number.magnitude <= least.magnitude
            }
        }
    }
}

extension CType {
    fileprivate func whole(_ source: UnsafeRawPointer) -> (isNegative: Bool, magnitude: UInt64)? {
        switch self {
        case .integer(let integer): integer.load(source)
        case .enumeration(let enumeration): enumeration.integer.load(source)
        case .boolean: (false, UInt64(source.load(as: UInt8.self)))
        default: nil
        }
    }
}
