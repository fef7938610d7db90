internal import Glibc
internal import OstlerForeign
internal import OstlerJSON
internal import OstlerProtocol

/// One task: the calls of an executor, one behind the other, and what they leave for each other.
struct ForeignRun {
    private let executor: ForeignExecutor
    private let functions: [String: PreparedFunction]
    private let releases: Releases
    private let arena = Arena()
    private let payload: [UInt8]
    private var members: [String: Range<Int>] = [:]
    /// What steps have given, by `STEP.VALUE`.
    private var values: [String: [UInt8]] = [:]
    private var handles: [String: UnsafeMutableRawPointer] = [:]
    /// Handles that nobody has closed, the oldest first.
    private var open: [(handle: UnsafeMutableRawPointer, close: String)] = []
    private var writer = JSONWriter()

    init(
        _ executor: ForeignExecutor,
        _ payload: [UInt8],
        _ functions: [String: PreparedFunction],
        _ releases: Releases
    ) throws(Failure) {
        self.executor = executor
        self.functions = functions
        self.releases = releases
        self.payload = payload
        do throws(JSONError) {
            members = try payload.withUnsafeBufferPointer { (buffer) throws(JSONError) in
                var members: [String: Range<Int>] = [:]
                var reader = JSONReader(buffer)
                try reader.beginObject()
                while let key = try reader.nextKey() { members[reader.string(of: key)] = try reader.skipValue() }
                return members
            }
        } catch {
            throw Failure("invalid_payload", fault: .user, message: "the payload cannot be read: \(error.reason)")
        }
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
        var result =
            failure.map { ExecuteResult.failed(task, $0) }
            ?? ExecuteResult(task: task, outcome: .succeeded, exitCode: 0)
        if failure?.code == Failure.unsuccessfulCall { result.exitCode = 1 }
        result.result = writer.bytes.isEmpty ? nil : writer.bytes
        return result
    }

    /// Makes one call and writes its result. Returns why it did not go well, if so.
    private mutating func call(_ step: ForeignExecutor.Step) throws(Failure) -> Failure? {
        guard let prepared = functions[step.function.name] else { return nil }
        let frame = try frame(step)
        close(step, frame)
        let (result, errno) = prepared.call(frame.arguments, arena)
        if executor.isSequence { writer.key(dynamic: step.name) }
        writer.beginObject()
        if let type = step.function.returns {
            if !keepHandle(type, result, step.name + ".returns") {
                tell(step, "returns") { type.tell(result, &$0) }
            }
        }
        for (index, parameter) in step.function.parameters.enumerated() {
            if case .reference(let type, let direction) = parameter.kind, direction.gives,
                let target = frame.slots[index].target,
                keepHandle(type, target, step.name + "." + parameter.name)
            {
                continue
            }
            guard parameter.givesOutput else { continue }
            tell(step, parameter.name) { frame.tell(index, result, &$0) }
        }
        if step.function.tellsErrno { tell(errno) }
        writer.endObject()
        giveBack(step.function, frame, result)
        return step.function.failure(result, errno)
    }

    private func frame(_ step: ForeignExecutor.Step) throws(Failure) -> CallFrame {
        do throws(CallFault) {
            return try CallFrame(
                step.function,
                arena,
                input: { input(step.binding($0)) },
                handle: { parameter in
                    guard case .result(let step, let value) = step.binding(parameter) else { return nil }
                    return handles[step + "." + value]
                }
            )
        } catch {
            var place: JSONPointer?
            if let parameter = step.function.parameter(error.parameter),
                case .payload(let member) = step.binding(parameter)
            {
                place = JSONPointer("/payload").member(member)
            }
            let message = "\(step.function.name) cannot be called: \(error.parameter): \(error.reason)"
            throw Failure("value_does_not_fit", fault: .user, message: message, pointer: place)
        }
    }

    private func input(_ binding: ForeignExecutor.Binding) -> JSONText? {
        switch binding {
        case .payload(let member): members[member].map { JSONText(payload[$0]) }
        case .result(let step, let value): values[step + "." + value].map { JSONText($0[...]) }
        case .constant(let value): JSONText(value)
        }
    }

    /// Writes one value, and keeps it for later steps.
    private mutating func tell(_ step: ForeignExecutor.Step, _ name: String, _ body: (inout JSONWriter) -> Void) {
        writer.key(dynamic: name)
        guard executor.isSequence else { return body(&writer) }
        var value = JSONWriter()
        body(&value)
        values[step.name + "." + name] = value.bytes
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

    /// Notes a handle that a call has given; false if the type is none.
    private mutating func keepHandle(_ type: CType, _ place: UnsafeRawPointer, _ name: String) -> Bool {
        guard case .handle(let close) = type else { return false }
        guard let handle = place.pointer else { return true }
        handles[name] = handle
        open.removeAll { $0.handle == handle }
        open.append((handle, close))
        return true
    }

    /// Takes a handle that this call closes off the list of those that are open.
    private mutating func close(_ step: ForeignExecutor.Step, _ frame: CallFrame) {
        for (index, parameter) in step.function.parameters.enumerated() {
            guard case .value(.handle(step.function.symbol)) = parameter.kind else { continue }
            let handle = UnsafeRawPointer(frame.slots[index].argument).pointer
            open.removeAll { $0.handle == handle }
        }
    }

    /// Gives back text that the library wants back.
    private func giveBack(_ function: ForeignFunction, _ frame: CallFrame, _ result: UnsafeRawPointer) {
        if case .text(let text) = function.returns { giveBack(text, result) }
        for (index, parameter) in function.parameters.enumerated() {
            guard case .reference(.text(let text), .output) = parameter.kind, let target = frame.slots[index].target
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
