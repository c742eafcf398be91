extension SessionLayer {
    /// Connected sessions whose clients have to acknowledge deliveries before they are sent any more, although more
    /// waits. Walks over all sessions that are kept.
    package var fullWindows: Int {
        var count = 0
        sessions.forEach { session in
            guard session.connection != nil, !session.inflight.hasRoom,
                session.waiting > 0 || session.isHeld
            else { return }
            count += 1
        }
        return count
    }
}
