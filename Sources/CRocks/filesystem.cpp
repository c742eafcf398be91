#include "filesystem.hpp"

#include <utility>

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace {

/* What a wrapped file needs of its disk. */
class Tracked {
 public:
  Tracked(DiskState &state, const std::string &path, int32_t kind)
      : state_(state), kind_(kind), number_(state.model ? state.number(path) : 0) {}

  IOStatus meet(uint32_t operation, uint64_t bytes, uint64_t *kept) const {
    return state_.meet(kind_, operation, bytes, kept);
  }

  /* Does `deed`, and takes at least as long as the declared device says for it: `declared` is asked at the
   * moment at which the deed began. `late`: how much later the caller comes than it would on the declared
   * device, and then how much later it leaves. */
  template <class Deed, class Declared>
  IOStatus timed(Deed deed, Declared declared, std::atomic<double> *late = nullptr) const {
    if (!state_.model) return deed();
    double done;
    {
      std::lock_guard<std::mutex> hold(state_.lock);
      done = declared(*state_.model, DiskState::now() - (late != nullptr ? late->load() : 0), number_);
    }
    IOStatus status = deed();
    state_.wait(kind_, done);
    if (late != nullptr) *late = std::max(0.0, DiskState::now() - done);
    return status;
  }

  template <class Read>
  IOStatus read(uint64_t offset, uint64_t wanted, bool direct, const Slice &result, Read read) const {
    IOStatus status = meet(CROCKS_ON_READ, 0, nullptr);
    if (!status.ok()) return status;
    status = timed(read, [=](crocks_disk_model &model, double now, uint64_t number) {
      return model.read(now, number, offset, wanted, direct);
    });
    if (status.ok()) counted(result.size());
    return status;
  }

  void counted(uint64_t bytes) const {
    counts().reads++;
    counts().read_bytes += bytes;
  }

  DiskState::Counts &counts() const { return state_.counts[kind_]; }
  DiskState &state() const { return state_; }
  uint64_t number() const { return number_; }

 private:
  DiskState &state_;
  int32_t kind_;
  uint64_t number_;
};

class Writable : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Writable(std::unique_ptr<rocksdb::FSWritableFile> &&file, Tracked tracked, uint64_t size, uint32_t line)
      : FSWritableFileOwnerWrapper(std::move(file)), tracked_(tracked), size_(size), line_(line) {}

  IOStatus Append(const Slice &data, const IOOptions &options, IODebugContext *context) override {
    return append(data, size_, [&](const Slice &part) { return target()->Append(part, options, context); });
  }
  IOStatus Append(const Slice &data, const IOOptions &options, const rocksdb::DataVerificationInfo &,
                  IODebugContext *context) override {
    return Append(data, options, context);
  }
  IOStatus PositionedAppend(const Slice &data, uint64_t offset, const IOOptions &options,
                            IODebugContext *context) override {
    return append(data, offset, [&](const Slice &part) {
      return target()->PositionedAppend(part, offset, options, context);
    });
  }
  IOStatus PositionedAppend(const Slice &data, uint64_t offset, const IOOptions &options,
                            const rocksdb::DataVerificationInfo &, IODebugContext *context) override {
    return PositionedAppend(data, offset, options, context);
  }
  IOStatus Sync(const IOOptions &options, IODebugContext *context) override {
    return sync([&] { return target()->Sync(options, context); });
  }
  IOStatus Fsync(const IOOptions &options, IODebugContext *context) override {
    return sync([&] { return target()->Fsync(options, context); });
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions &options,
                     IODebugContext *context) override {
    DiskState &state = tracked_.state();
    if (state.model) {
      std::lock_guard<std::mutex> hold(state.lock);
      state.model->start_writeback(DiskState::now(), tracked_.number());
    }
    return target()->RangeSync(offset, bytes, options, context);
  }
  IOStatus Truncate(uint64_t size, const IOOptions &options, IODebugContext *context) override {
    uint64_t kept;
    IOStatus status = tracked_.meet(CROCKS_ON_NAME, 0, &kept);
    if (status.ok()) status = target()->Truncate(size, options, context);
    if (!status.ok()) return status;
    size_ = size;
    if (tracked_.state().journal) tracked_.state().journal->truncated(line_, size);
    return status;
  }

 private:
  template <class Deed>
  IOStatus append(const Slice &data, uint64_t offset, Deed deed) {
    uint64_t kept;
    IOStatus refused = tracked_.meet(CROCKS_ON_APPEND, data.size(), &kept);
    if (!refused.ok() && kept == 0) return refused;
    Slice part(data.data(), refused.ok() ? data.size() : kept);
    IOStatus status = tracked_.timed(
        [&] { return deed(part); },
        [&](crocks_disk_model &model, double now, uint64_t number) {
          return model.append(now, number, offset, part.size(), use_direct_io());
        },
        &late_);
    if (!status.ok()) return status;
    size_ = offset + part.size();
    if (!refused.ok()) return refused;
    tracked_.counts().appends++;
    tracked_.counts().append_bytes += data.size();
    return status;
  }

  template <class Deed>
  IOStatus sync(Deed deed) {
    IOStatus status = tracked_.meet(CROCKS_ON_SYNC, 0, nullptr);
    if (!status.ok()) return status;
    /* What is appended meanwhile need not be in it. */
    uint64_t size = size_;
    status = tracked_.timed(
        deed,
        [](crocks_disk_model &model, double now, uint64_t number) { return model.sync(now, number); },
        &late_);
    /* A sync that the real device made too long is not made up for: the next would seem too short. */
    late_ = 0;
    if (!status.ok()) return status;
    tracked_.counts().syncs++;
    if (tracked_.state().journal) tracked_.state().journal->synced(line_, size);
    return status;
  }

  const Tracked tracked_;
  std::atomic<uint64_t> size_;
  /* Copying into the real page cache may take longer than into the declared one, for example into that of
   * tmpfs: the sync after it then begins as if it had not. */
  std::atomic<double> late_{0};
  const uint32_t line_;
};

class Sequential : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  Sequential(std::unique_ptr<rocksdb::FSSequentialFile> &&file, Tracked tracked)
      : FSSequentialFileOwnerWrapper(std::move(file)), tracked_(tracked) {}

  IOStatus Read(size_t count, const IOOptions &options, Slice *result, char *scratch,
                IODebugContext *context) override {
    /* The kernel reads ahead of who reads in order. */
    uint64_t from = std::max(at_, ahead_), wanted = 0;
    if (at_ + count > from) wanted = std::max<uint64_t>(at_ + count - from, readahead);
    IOStatus status = tracked_.read(from, wanted, use_direct_io(), *result, [&] {
      return target()->Read(count, options, result, scratch, context);
    });
    ahead_ = from + wanted;
    if (status.ok()) at_ += result->size();
    return status;
  }
  IOStatus PositionedRead(uint64_t offset, size_t count, const IOOptions &options, Slice *result,
                          char *scratch, IODebugContext *context) override {
    return tracked_.read(offset, count, use_direct_io(), *result, [&] {
      return target()->PositionedRead(offset, count, options, result, scratch, context);
    });
  }
  IOStatus Skip(uint64_t count) override {
    at_ += count;
    return target()->Skip(count);
  }

 private:
  /* The kernel's default, read_ahead_kb = 128. */
  static constexpr uint64_t readahead = 128 << 10;
  const Tracked tracked_;
  uint64_t at_ = 0, ahead_ = 0;
};

class RandomAccess : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  RandomAccess(std::unique_ptr<rocksdb::FSRandomAccessFile> &&file, Tracked tracked)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), tracked_(tracked) {}

  IOStatus Read(uint64_t offset, size_t count, const IOOptions &options, Slice *result, char *scratch,
                IODebugContext *context) const override {
    return tracked_.read(offset, count, use_direct_io(), *result, [&] {
      return target()->Read(offset, count, options, result, scratch, context);
    });
  }
  IOStatus MultiRead(rocksdb::FSReadRequest *requests, size_t count, const IOOptions &options,
                     IODebugContext *context) override {
    /* They are all under way at once: the wait is for the last of them. */
    IOStatus status = tracked_.meet(CROCKS_ON_READ, 0, nullptr);
    if (!status.ok()) return status;
    status = tracked_.timed([&] { return target()->MultiRead(requests, count, options, context); },
                            [&](crocks_disk_model &model, double now, uint64_t number) {
                              double last = now;
                              for (size_t i = 0; i < count; i++)
                                last = std::max(last, model.read(now, number, requests[i].offset,
                                                                 requests[i].len, use_direct_io()));
                              return last;
                            });
    for (size_t i = 0; status.ok() && i < count; i++)
      if (requests[i].status.ok()) tracked_.counted(requests[i].result.size());
    return status;
  }
  /* Nobody waits for it, but the device is busy with it and the page cache holds it afterwards. */
  IOStatus Prefetch(uint64_t offset, size_t count, const IOOptions &options,
                    IODebugContext *context) override {
    DiskState &state = tracked_.state();
    if (state.model && !use_direct_io()) {
      std::lock_guard<std::mutex> hold(state.lock);
      state.model->read(DiskState::now(), tracked_.number(), offset, count, false);
    }
    return target()->Prefetch(offset, count, options, context);
  }
  /* The base class reads at once and calls back; passing it on would read past this disk. */
  IOStatus ReadAsync(rocksdb::FSReadRequest &request, const IOOptions &options,
                     std::function<void(const rocksdb::FSReadRequest &, void *)> callback, void *argument,
                     void **handle, rocksdb::IOHandleDeleter *deleter, IODebugContext *context) override {
    return FSRandomAccessFile::ReadAsync(request, options, callback, argument, handle, deleter, context);
  }

 private:
  const Tracked tracked_;
};

class Directory : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(std::unique_ptr<rocksdb::FSDirectory> &&directory, const std::string &path, Tracked tracked)
      : FSDirectoryWrapper(std::move(directory)), path_(path), tracked_(tracked) {}

  IOStatus Fsync(const IOOptions &options, IODebugContext *context) override {
    return sync([&] { return FSDirectoryWrapper::Fsync(options, context); });
  }
  IOStatus FsyncWithDirOptions(const IOOptions &options, IODebugContext *context,
                               const rocksdb::DirFsyncOptions &reason) override {
    return sync([&] { return FSDirectoryWrapper::FsyncWithDirOptions(options, context, reason); });
  }

 private:
  template <class Deed>
  IOStatus sync(Deed deed) {
    IOStatus status = tracked_.meet(CROCKS_ON_SYNC, 0, nullptr);
    if (!status.ok()) return status;
    status = tracked_.timed(deed, [](crocks_disk_model &model, double now, uint64_t number) {
      return model.sync(now, number);
    });
    if (!status.ok()) return status;
    tracked_.counts().syncs++;
    return tracked_.state().journal ? tracked_.state().journal->sync_directory(path_) : status;
  }

  const std::string path_;
  const Tracked tracked_;
};

}  // namespace

IOStatus DiskFileSystem::OpenWritable(Path path, int32_t kind, bool reopen, FileOptions options,
                                      DiskFileSystem::Writable *file, Context context) {
  IOStatus status = state.meet(kind, CROCKS_ON_NAME, 0, nullptr);
  if (!status.ok()) return status;
  uint64_t size = 0;
  if (reopen && !target()->GetFileSize(path, options.io_options, &size, context).ok()) size = 0;
  uint32_t line = 0;
  if (!reopen) state.removed(path); /* opening cuts what was there */
  if (state.journal)
    status = reopen ? state.journal->reopen(path, size, &line) : state.journal->create(path, &line);
  if (!status.ok()) return status;
  DiskFileSystem::Writable opened;
  status = reopen ? target()->ReopenWritableFile(path, options, &opened, context)
                  : target()->NewWritableFile(path, options, &opened, context);
  if (!status.ok()) return status;
  if (!reopen) state.counts[kind].creates++;
  *file = std::make_unique<::Writable>(std::move(opened), Tracked(state, path, kind), size, line);
  return status;
}

IOStatus DiskFileSystem::OpenSequential(Path path, int32_t kind, FileOptions options,
                                        DiskFileSystem::Sequential *file, Context context) {
  DiskFileSystem::Sequential opened;
  IOStatus status = target()->NewSequentialFile(path, options, &opened, context);
  if (status.ok()) *file = std::make_unique<::Sequential>(std::move(opened), Tracked(state, path, kind));
  return status;
}

IOStatus DiskFileSystem::NewRandomAccessFile(Path path, FileOptions options,
                                             std::unique_ptr<rocksdb::FSRandomAccessFile> *file,
                                             Context context) {
  std::unique_ptr<rocksdb::FSRandomAccessFile> opened;
  IOStatus status = target()->NewRandomAccessFile(path, options, &opened, context);
  if (status.ok())
    *file = std::make_unique<RandomAccess>(std::move(opened), Tracked(state, path, crocks_kind(path)));
  return status;
}

/* A recycled file is overwritten in place, which no cut could undo: with a journal it is made anew. */
IOStatus DiskFileSystem::ReuseWritableFile(Path path, Path old, FileOptions options,
                                           DiskFileSystem::Writable *file, Context context) {
  int32_t kind = crocks_kind(path);
  if (state.journal) {
    IOStatus status = RenameFile(old, path, options.io_options, context);
    return status.ok() ? OpenWritable(path, kind, false, options, file, context) : status;
  }
  IOStatus status = state.meet(kind, CROCKS_ON_NAME, 0, nullptr);
  if (!status.ok()) return status;
  DiskFileSystem::Writable opened;
  status = target()->ReuseWritableFile(path, old, options, &opened, context);
  if (!status.ok()) return status;
  state.renamed(old, path);
  state.counts[kind].renames++;
  *file = std::make_unique<::Writable>(std::move(opened), Tracked(state, path, kind), 0, 0);
  return status;
}

IOStatus DiskFileSystem::NewDirectory(Path path, IOOptions options,
                                      std::unique_ptr<rocksdb::FSDirectory> *directory, Context context) {
  std::unique_ptr<rocksdb::FSDirectory> opened;
  IOStatus status = target()->NewDirectory(path, options, &opened, context);
  if (status.ok())
    *directory =
        std::make_unique<Directory>(std::move(opened), path, Tracked(state, path, CROCKS_DIRECTORY));
  return status;
}

IOStatus DiskFileSystem::DeleteFile(Path path, IOOptions options, Context context) {
  IOStatus status = state.meet(crocks_kind(path), CROCKS_ON_NAME, 0, nullptr);
  if (status.ok() && state.journal) status = state.journal->remove(path);
  if (status.ok()) status = target()->DeleteFile(path, options, context);
  if (!status.ok()) return status;
  state.removed(path);
  state.counts[crocks_kind(path)].removes++;
  return status;
}

IOStatus DiskFileSystem::RenameFile(Path from, Path to, IOOptions options, Context context) {
  IOStatus status = state.meet(crocks_kind(to), CROCKS_ON_NAME, 0, nullptr);
  if (status.ok() && state.journal) status = state.journal->rename(from, to);
  if (status.ok()) status = target()->RenameFile(from, to, options, context);
  if (!status.ok()) return status;
  state.removed(to);
  state.renamed(from, to);
  state.counts[crocks_kind(to)].renames++;
  return status;
}

IOStatus DiskFileSystem::LinkFile(Path from, Path to, IOOptions options, Context context) {
  IOStatus status = state.meet(crocks_kind(to), CROCKS_ON_NAME, 0, nullptr);
  if (status.ok() && state.journal) status = state.journal->link(from, to);
  return status.ok() ? target()->LinkFile(from, to, options, context) : status;
}

/* RocksDB waits for space before it tries again. */
IOStatus DiskFileSystem::GetFreeSpace(Path path, IOOptions options, uint64_t *free, Context context) {
  IOStatus status = target()->GetFreeSpace(path, options, free, context);
  if (status.ok() && state.faults.full()) *free = 0;
  return status;
}
