/// What would have become of the file system without effects.
package struct Forecast: Sendable {
    /// By what a real run would do.
    package var done = EffectModel()
    /// By that, and by the resources that are `noop` themselves, which only their like are told of.
    package var told = EffectModel()

    package init() {}
}
