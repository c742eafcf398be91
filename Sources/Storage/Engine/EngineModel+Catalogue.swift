package import Knobs

extension EngineModel {
    /// Every engine model, by EMQX version. A new one is a value in `Models/` and its name here.
    package static let catalogue: [EngineModel] = [
        .emqx58Local, .emqx58Raft, .emqx60Local, .emqx60Raft, .emqx602Local, .emqx602Raft,
        .emqx611Local, .emqx611Raft, .article,
    ]

    package static func find(_ id: String) -> EngineModel? { catalogue.first { $0.id == id } }

    /// What the engine runs with when nothing is set.
    package var standardSetting: Setting { Setting(standards) }

    /// What a sweep turns unless it is told otherwise: a knob that this engine does not have is not turned.
    package var searchedKnobs: [Knob] {
        Knob.catalogue.filter { knob in
            switch knob.reach {
            case .bufferItems, .bufferInterval, .bufferBytes:
                knob.isSearched && batching == .writeBuffer
            case .pendingItems, .pendingInterval, .idleInterval: batching == .transaction
            default: knob.isSearched || alsoSearched.contains(knob.id)
            }
        }
    }

    /// This model with other values for what differs.
    func with(_ change: (inout EngineModel) -> Void) -> EngineModel {
        var model = self
        change(&model)
        return model
    }
}
