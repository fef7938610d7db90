import OstlerResources
import Testing

@Suite struct EffectModelTests {
    @Test func `nothing is known of what nobody touches`() {
        var model = EffectModel()
        #expect(model.knowledge(of: "/a") == .asItIs)
        model.writeFile("/b/c")
        #expect(model.knowledge(of: "/a") == .asItIs)
        #expect(model.knowledge(of: "/b/c") == .file)
        #expect(model.knowledge(of: "/b") == .directory)
        #expect(model.knowledge(of: "/b/d") == .asItIs)
    }

    @Test func `what is removed is gone with all that is in it`() {
        var model = EffectModel()
        model.writeFile("/a/b/c")
        model.remove("/a/b")
        #expect(model.knowledge(of: "/a/b") == .absent)
        #expect(model.knowledge(of: "/a/b/c") == .absent)
        model.writeFile("/a/b/d")
        #expect(model.knowledge(of: "/a/b") == .directory)
        #expect(model.knowledge(of: "/a/b/c") == .absent)
        #expect(model.knowledge(of: "/a/b/d") == .file)
    }

    @Test func `a command that says nothing makes everything unknown but what comes after it`() {
        var model = EffectModel()
        model.writeFile("/a")
        model.execute(nil, "exec#build")
        #expect(model.opaque == "exec#build")
        #expect(model.knowledge(of: "/a") == .unknown)
        model.writeFile("/a")
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
        model.makeDirectory("/d", isFresh: true)
        model.makeDirectory("/e", isFresh: false)
        #expect(model.knowledge(of: "/d/x") == .absent)
        #expect(model.knowledge(of: "/e/x") == .asItIs)
    }
}
