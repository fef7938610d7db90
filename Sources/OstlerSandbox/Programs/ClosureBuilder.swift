internal import Glibc
internal import OstlerSystem

/// Collects a closure: follows what files say that they need until nothing new turns up.
struct ClosureBuilder {
    private(set) var closure = ProgramClosure()
    private let resolver: ProgramResolver
    private let blocked: Set<FileIdentity>
    private let search: LibrarySearch
    private var places: [String: Int] = [:]

    init(
        resolver: ProgramResolver = ProgramResolver(),
        blocked: Set<FileIdentity> = [],
        cache: LoaderCache = .read()
    ) {
        self.resolver = resolver
        self.blocked = blocked
        search = LibrarySearch(cache: cache)
    }

    // MARK: Programs

    /// Adds a program that was named; `place` is its own in the list of allowed programs.
    mutating func add(program name: String, place: Int) {
        guard let found = resolver.find(name) else { return }
        if let bundle = ProgramBundle.implied(by: found.path) { add(bundle) }
        addProgram(found, neededBy: nil)
        if let index = places[found.path] { closure.files[index].program = place }
    }

    private mutating func addProgram(_ found: ViewPath.Found, neededBy: String?) {
        let isNew = addFile(found, isExecutable: true, neededBy: neededBy)
        guard isNew, let content = ProgramContent.read(found.path) else { return }
        switch content {
        case .elf(let elf):
            if let interpreter = elf.interpreter { addNeededProgram(interpreter, by: found.path) }
            addLibraries(of: found, elf, inherited: [])
        case .script(let words): addInterpreter(words, of: found.path)
        case .unknown: problem("\(found.path) is no program for this machine")
        }
    }

    private mutating func addNeededProgram(_ path: String, by program: String) {
        guard let found = resolver.find(path) else { return problem("\(program) needs \(path), which is not there") }
        if let bundle = ProgramBundle.implied(by: found.path) { add(bundle) }
        addProgram(found, neededBy: program)
    }

    /// `env` stands for the program that it will search for.
    private mutating func addInterpreter(_ words: [String], of script: String) {
        addNeededProgram(words[0], by: script)
        guard words[0].hasSuffix("/env") else { return }
        let rest = words.dropFirst().drop { $0.hasPrefix("-") || $0.contains("=") }
        if let program = rest.first { addNeededProgram(program, by: script) }
    }

    // MARK: Libraries

    private mutating func addLibraries(of file: ViewPath.Found, _ elf: ELFFile, inherited: [String]) {
        let origins = [Self.directory(of: file.path)]
        let own = elf.inheritedPath.flatMap { LibrarySearch.expand($0, origins) }
        let requester = LibrarySearch.Requester(origins: origins, elf: elf, inherited: own + inherited)
        for name in elf.needed {
            addLibrary(name, for: requester, by: file.path)
            // libc loads it itself when a thread ends.
            if name.hasPrefix("libc.so.") { addLibrary("libgcc_s.so.1", for: requester, by: nil) }
        }
    }

    private mutating func addLibrary(_ name: String, for requester: LibrarySearch.Requester, by file: String?) {
        let paths = search.find(name, for: requester)
        if paths.isEmpty, let file { problem("\(file) needs \(name), which is not there") }
        for path in paths {
            guard let found = ViewPath.follow(path), addFile(found, isExecutable: false, neededBy: file) else {
                continue
            }
            guard case .elf(let elf) = ProgramContent.read(found.path) else { continue }
            // The loader takes its origin from the name that it found, which may be a link.
            let named = ViewPath.Found(path: path, links: [], status: found.status)
            addLibraries(of: elf.usesOrigin ? named : found, elf, inherited: requester.inherited)
        }
    }

    // MARK: Bundles

    /// Adds the files of a bundle, and what the libraries among them need.
    mutating func add(_ bundle: ProgramBundle) {
        guard !closure.bundles.contains(bundle.name) else { return }
        closure.bundles.append(bundle.name)
        for path in bundle.directories.flatMap(ProgramBundle.expand) { addWhole(path, bundle) }
        for path in bundle.files.flatMap(ProgramBundle.expand) {
            if let found = ViewPath.follow(path) { addPart(found, isExecutable: bundle.isExecutable) }
        }
    }

    private mutating func addWhole(_ path: String, _ bundle: ProgramBundle) {
        guard let found = ViewPath.follow(path) else { return }
        guard found.status.isDirectory else { return addPart(found, isExecutable: bundle.isExecutable) }
        guard !closure.directories.contains(where: { $0.path == found.path }) else { return }
        for link in found.links { add(link) }
        let parts = DirectoryWalk.files(below: found.path) { bundle.isExecutable || $0.contains(".so") }
        for part in parts {
            guard let status = FileStatus(of: part), case .elf(let elf) = ProgramContent.read(part) else { continue }
            if let interpreter = elf.interpreter { addNeededProgram(interpreter, by: part) }
            addLibraries(of: .init(path: part, links: [], status: status), elf, inherited: [])
        }
        closure.directories.append(.init(path: found.path, isExecutable: bundle.isExecutable))
    }

    private mutating func addPart(_ found: ViewPath.Found, isExecutable: Bool) {
        if isExecutable, found.status.isProgram { return addProgram(found, neededBy: nil) }
        guard addFile(found, isExecutable: false, neededBy: nil) else { return }
        if case .elf(let elf) = ProgramContent.read(found.path) { addLibraries(of: found, elf, inherited: []) }
    }

    // MARK: Files

    /// False if the file is there already, or is not to be there.
    private mutating func addFile(_ found: ViewPath.Found, isExecutable: Bool, neededBy: String?) -> Bool {
        guard !blocked.contains(found.status.stamp.identity) else {
            if let neededBy { problem("\(neededBy) needs \(found.path), which is blocked") }
            return false
        }
        for link in found.links { add(link) }
        if let index = places[found.path] {
            // What was mapped only may turn out to be started, too.
            closure.files[index].isExecutable = closure.files[index].isExecutable || isExecutable
            return false
        }
        places[found.path] = closure.files.count
        closure.files.append(.init(path: found.path, stamp: found.status.stamp, isExecutable: isExecutable))
        return true
    }

    /// Links of the root are the planner's.
    private mutating func add(_ link: ViewPath.Link) {
        guard link.path.dropFirst().firstSlash != nil else { return }
        closure.links[link.path] = link.content
    }

    private mutating func problem(_ text: String) {
        if !closure.problems.contains(text) { closure.problems.append(text) }
    }

    private static func directory(of path: String) -> String {
        path.pathParts.dropLast().reduce(into: "") { $0 += "/" + $1 }
    }
}

extension ELFFile {
    fileprivate var usesOrigin: Bool { (ownPath + inheritedPath + needed).contains { $0.contains("$") } }
}
