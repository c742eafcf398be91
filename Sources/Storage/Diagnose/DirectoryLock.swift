internal import Glibc

/// Whether a process has a database open, asked without taking or making its lock.
///
/// RocksDB holds a POSIX record lock on the file LOCK for as long as a database is open
/// (env/fs_posix.cc, `LockOrUnlock`: `F_SETLK` over the whole file); `F_GETLK` tells who has it. A lock of
/// the asking process itself does not show, and closing the file would drop it: nobody may ask about a
/// directory that this process has open.
enum DirectoryLock {
    /// - Throws: `.held`; `.unreadable` when LOCK is there and cannot be asked.
    static func check(_ directory: String) throws(DiagnoseError) {
        let path = directory + "/LOCK"
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            // A copied directory need not have one.
            if errno == ENOENT { return }
            throw .unreadable(path, "cannot be read (\(String(cString: strerror(errno))))")
        }
        defer { close(file) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard fcntl(file, F_GETLK, &lock) == 0 else {
            throw .unreadable(path, "its lock cannot be asked (\(String(cString: strerror(errno))))")
        }
        guard lock.l_type == Int16(F_UNLCK) else { throw .held(directory, process: lock.l_pid) }
    }
}
