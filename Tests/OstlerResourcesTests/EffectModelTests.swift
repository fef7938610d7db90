import OstlerResources
import Testing

@Suite struct EffectModelTests {
    private func file(_ path: String, _ ensure: FileResource.Ensure = .present, mode: UInt32? = nil) -> FileResource {
        var file = FileResource(path: path, ensure: ensure)
        file.mode = mode
        return file
    }

    @Test func `nothing is known of what nobody touches`() {
        var model = EffectModel()
        #expect(model.knowledge(of: "/a") == .asItIs)
        model.make(file("/b/c"), isFresh: true)
        #expect(model.knowledge(of: "/a") == .asItIs)
        #expect(model.knowledge(of: "/b/c") == .file)
        #expect(model.knowledge(of: "/b") == .directory)
        #expect(model.knowledge(of: "/b/d") == .asItIs)
    }

    @Test func `what is removed is gone with all that is in it`() {
        var model = EffectModel()
        model.make(file("/a/b/c"), isFresh: true)
        model.make(file("/a/b", .absent), isFresh: false)
        #expect(model.knowledge(of: "/a/b") == .absent)
        #expect(model.knowledge(of: "/a/b/c") == .absent)
        model.make(file("/a/b/d"), isFresh: true)
        #expect(model.knowledge(of: "/a/b") == .directory)
        #expect(model.knowledge(of: "/a/b/c") == .absent)
        #expect(model.knowledge(of: "/a/b/d") == .file)
    }

    @Test func `a command that says nothing makes everything unknown but what comes after it`() {
        var model = EffectModel()
        model.make(file("/a"), isFresh: true)
        model.execute(nil, "exec#build")
        #expect(model.opaque == "exec#build")
        #expect(model.knowledge(of: "/a") == .unknown)
        model.make(file("/a"), isFresh: true)
        #expect(model.knowledge(of: "/a") == .file)
        #expect(model.knowledge(of: "/b") == .unknown)
    }

    @Test func `what a command creates is there, and what is in it is unknown`() {
        var model = EffectModel()
        model.execute(DeclaredEffects(creates: ["/opt/app"], removes: ["/opt/old"]), "exec#install")
        #expect(model.opaque == nil)
        #expect(model.knowledge(of: "/opt/app") == .something)
        #expect(model.knowledge(of: "/opt/app/bin") == .unknown)
        #expect(model.knowledge(of: "/opt/old/bin") == .absent)
        #expect(model.knowledge(of: "/etc") == .asItIs)
    }

    @Test func `a new directory is empty`() {
        var model = EffectModel()
        model.make(file("/d", .directory), isFresh: true)
        model.make(file("/e", .directory), isFresh: false)
        #expect(model.knowledge(of: "/d/x") == .absent)
        #expect(model.knowledge(of: "/e/x") == .asItIs)
    }

    // MARK: Attributes

    @Test func `a directory has the mode that it was given, or else the one of the disk`() {
        var model = EffectModel()
        model.make(file("/made", .directory, mode: 0o700), isFresh: true)
        model.make(file("/plain", .directory), isFresh: true)
        model.make(file("/there/f"), isFresh: true)
        model.make(file("/made/f"), isFresh: true)
        #expect(model.attributes(of: "/made") == .given(mode: 0o700, owner: nil, group: nil))
        #expect(model.attributes(of: "/plain") == .given(mode: 0o755, owner: nil, group: nil))
        #expect(model.attributes(of: "/there") == .asItIs)
    }

    @Test func `nobody knows the mode of a directory that a command made with what lies in it`() {
        var model = EffectModel()
        model.make(file("/d", .absent), isFresh: false)
        model.execute(DeclaredEffects(creates: ["/d/f"]), "exec#x")
        #expect(model.knowledge(of: "/d") == .directory)
        #expect(model.attributes(of: "/d") == .given(mode: nil, owner: nil, group: nil))
    }

    // MARK: Doubt

    @Test func `what a command may have done is unknown where it says that it does something, and nowhere else`() {
        var model = EffectModel()
        model.doubt(DeclaredEffects(creates: ["/d/e/f"], removes: ["/g"]), "exec#x")
        #expect(["/d/e/f", "/d/e/f/h", "/g", "/g/h"].allSatisfy { model.knowledge(of: $0) == .unknown })
        #expect(["/d", "/d/e"].map { model.knowledge(of: $0) } == [.kept, .kept])
        #expect(["/d/other", "/h"].map { model.knowledge(of: $0) } == [.asItIs, .asItIs])
        #expect(model.culprit(of: "/g/h") == "exec#x" && model.culprit(of: "/h") == nil)
    }

    @Test func `what may have been removed takes along what was known of what is in it`() {
        var model = EffectModel()
        model.make(file("/d/f"), isFresh: true)
        model.make(file("/d/g", .absent), isFresh: false)
        model.doubt(DeclaredEffects(removes: ["/d"]), "exec#x")
        #expect(["/d", "/d/f", "/d/g"].map { model.knowledge(of: $0) } == [.unknown, .unknown, .absent])
    }

    @Test func `names that differ only in their bytes are two`() {
        var model = EffectModel()
        model.make(file("/a\u{308}"), isFresh: true)
        #expect(model.knowledge(of: "/a\u{308}") == .file)
        #expect(model.knowledge(of: "/\u{e4}") == .asItIs)
    }
}
