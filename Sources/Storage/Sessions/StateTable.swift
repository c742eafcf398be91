/// The tables of durable session state that EMQX 5.8 keeps, each a small RocksDB of its own (reference 4.1).
package enum StateTable: String, CaseIterable, Sendable {
    case metadata = "emqx_ds_session_tab"
    case subscriptions = "emqx_ds_session_subscriptions"
    case subscriptionStates = "emqx_ds_session_subscription_states"
    case streams = "emqx_ds_session_streams"
    case seqnos = "emqx_ds_session_seqnos"
    case ranks = "emqx_ds_session_ranks"
    case awaitingRelease = "emqx_ds_session_awaiting_rel"

    /// What mnesia_rocksdb opens each with (reference 4.1).
    static let options: [(name: String, value: String)] = [
        ("create_if_missing", "true"), ("max_open_files", "100"),
    ]
    static let familyOptions: [(name: String, value: String)] = [
        ("write_buffer_size", "\(4 << 20)"), ("compression", "kSnappyCompression"),
    ]
}
