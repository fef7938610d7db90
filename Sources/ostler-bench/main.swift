import Glibc

/// The measurements that need the host from inside; `scripts/bench` runs it and prints the table.
let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "dispatch" where arguments.count == 6, "hold" where arguments.count == 6:
    DispatchBench(libexec: arguments[1], plugins: arguments[2], line: arguments[5]).run(
        rounds: Int(arguments[3]) ?? 0,
        depth: Int(arguments[4]) ?? 1,
        isHeld: arguments[0] == "hold"
    )
case "plan" where arguments.count == 3: PlanFile.write(binding: arguments[1], to: arguments[2])
case "queue" where QueueBench.run(Array(arguments.dropFirst())): break
case "store" where StoreBench.run(Array(arguments.dropFirst())): break
default:
    print("usage: ostler-bench dispatch|hold LIBEXEC PLUGINS ROUNDS DEPTH TASK | plan DIR FILE")
    print("     | \(StoreBench.usage) | \(QueueBench.usage)")
    exit(2)
}
