extension ServerConfiguration.Access {
    /// Reads the files as the broker will, before anything is opened.
    /// - Returns: what is to be said about them.
    /// - Throws: when one cannot be read or is not understood.
    package func check() throws(ServerError) -> [ConfigurationNote] {
        var notes: [ConfigurationNote] = []
        if let users {
            let file = try UserFile(reading: users)
            if file.isOpenToOthers {
                notes.append(
                    ConfigurationNote(
                        position: nil,
                        sentence: "\(users) can be read or written by other users of this machine; "
                            + "`chmod 600 \(users)` takes that away"))
            }
            if file.hashes.isEmpty {
                notes.append(
                    ConfigurationNote(
                        position: nil,
                        sentence:
                            "\(users) has no users; add them with `dstune passwd \(users) NAME`"))
            }
        }
        if let rules, try AccessRules(reading: rules).namesUsers, users == nil {
            notes.append(
                ConfigurationNote(
                    position: nil,
                    sentence:
                        "\(rules) has rules for users, and without `authentication.users` anybody may "
                        + "take a user's name"))
        }
        return notes
    }
}
