#include "filesystem.hpp"

#include <utility>

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

int32_t crocks_kind(const std::string &path) {
  std::string name = path.substr(path.find_last_of('/') + 1);
  if (name == "CURRENT" || name.rfind("MANIFEST-", 0) == 0) return CROCKS_MANIFEST;
  size_t dot = name.find_first_not_of("0123456789");
  if (dot == 0 || dot == std::string::npos) return CROCKS_OTHER;
  std::string suffix = name.substr(dot);
  if (suffix == ".log") return CROCKS_WAL;
  if (suffix == ".sst") return CROCKS_SST;
  /* What becomes CURRENT is named after its MANIFEST; that of OPTIONS begins with OPTIONS. */
  return suffix == ".dbtmp" ? CROCKS_MANIFEST : CROCKS_OTHER;
}

namespace {

using Counts = DiskFileSystem::Counts;

void read_one(Counts &counts, const IOStatus &status, size_t bytes) {
  if (!status.ok()) return;
  counts.reads++;
  counts.read_bytes += bytes;
}

class Writable : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Writable(std::unique_ptr<rocksdb::FSWritableFile> &&file, Counts &counts)
      : FSWritableFileOwnerWrapper(std::move(file)), counts_(counts) {}

  IOStatus Append(const Slice &data, const IOOptions &options, IODebugContext *context) override {
    return appended(target()->Append(data, options, context), data);
  }
  IOStatus Append(const Slice &data, const IOOptions &options, const rocksdb::DataVerificationInfo &,
                  IODebugContext *context) override {
    return Append(data, options, context);
  }
  IOStatus PositionedAppend(const Slice &data, uint64_t offset, const IOOptions &options,
                            IODebugContext *context) override {
    return appended(target()->PositionedAppend(data, offset, options, context), data);
  }
  IOStatus PositionedAppend(const Slice &data, uint64_t offset, const IOOptions &options,
                            const rocksdb::DataVerificationInfo &, IODebugContext *context) override {
    return PositionedAppend(data, offset, options, context);
  }
  IOStatus Sync(const IOOptions &options, IODebugContext *context) override {
    return synced(target()->Sync(options, context));
  }
  IOStatus Fsync(const IOOptions &options, IODebugContext *context) override {
    return synced(target()->Fsync(options, context));
  }

 private:
  IOStatus appended(IOStatus status, const Slice &data) {
    if (status.ok()) {
      counts_.appends++;
      counts_.append_bytes += data.size();
    }
    return status;
  }
  IOStatus synced(IOStatus status) {
    if (status.ok()) counts_.syncs++;
    return status;
  }
  Counts &counts_;
};

class Sequential : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  Sequential(std::unique_ptr<rocksdb::FSSequentialFile> &&file, Counts &counts)
      : FSSequentialFileOwnerWrapper(std::move(file)), counts_(counts) {}

  IOStatus Read(size_t count, const IOOptions &options, Slice *result, char *scratch,
                IODebugContext *context) override {
    IOStatus status = target()->Read(count, options, result, scratch, context);
    read_one(counts_, status, result->size());
    return status;
  }
  IOStatus PositionedRead(uint64_t offset, size_t count, const IOOptions &options, Slice *result,
                          char *scratch, IODebugContext *context) override {
    IOStatus status = target()->PositionedRead(offset, count, options, result, scratch, context);
    read_one(counts_, status, result->size());
    return status;
  }

 private:
  Counts &counts_;
};

class RandomAccess : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  RandomAccess(std::unique_ptr<rocksdb::FSRandomAccessFile> &&file, Counts &counts)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), counts_(counts) {}

  IOStatus Read(uint64_t offset, size_t count, const IOOptions &options, Slice *result, char *scratch,
                IODebugContext *context) const override {
    IOStatus status = target()->Read(offset, count, options, result, scratch, context);
    read_one(counts_, status, result->size());
    return status;
  }
  IOStatus MultiRead(rocksdb::FSReadRequest *requests, size_t count, const IOOptions &options,
                     IODebugContext *context) override {
    IOStatus status = target()->MultiRead(requests, count, options, context);
    for (size_t i = 0; status.ok() && i < count; i++)
      read_one(counts_, requests[i].status, requests[i].result.size());
    return status;
  }

 private:
  Counts &counts_;
};

class Directory : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(std::unique_ptr<rocksdb::FSDirectory> &&directory, Counts &counts)
      : FSDirectoryWrapper(std::move(directory)), counts_(counts) {}

  IOStatus Fsync(const IOOptions &options, IODebugContext *context) override {
    IOStatus status = FSDirectoryWrapper::Fsync(options, context);
    if (status.ok()) counts_.syncs++;
    return status;
  }
  IOStatus FsyncWithDirOptions(const IOOptions &options, IODebugContext *context,
                               const rocksdb::DirFsyncOptions &reason) override {
    IOStatus status = FSDirectoryWrapper::FsyncWithDirOptions(options, context, reason);
    if (status.ok()) counts_.syncs++;
    return status;
  }

 private:
  Counts &counts_;
};

}  // namespace

IOStatus DiskFileSystem::OpenWritable(const std::string &path, int32_t kind, bool reopen,
                                      const FileOptions &options,
                                      std::unique_ptr<rocksdb::FSWritableFile> *file,
                                      IODebugContext *context) {
  std::unique_ptr<rocksdb::FSWritableFile> opened;
  IOStatus status = reopen ? target()->ReopenWritableFile(path, options, &opened, context)
                           : target()->NewWritableFile(path, options, &opened, context);
  if (!status.ok()) return status;
  if (!reopen) counts[kind].creates++;
  *file = std::make_unique<Writable>(std::move(opened), counts[kind]);
  return status;
}

IOStatus DiskFileSystem::OpenSequential(const std::string &path, int32_t kind,
                                        const FileOptions &options,
                                        std::unique_ptr<rocksdb::FSSequentialFile> *file,
                                        IODebugContext *context) {
  std::unique_ptr<rocksdb::FSSequentialFile> opened;
  IOStatus status = target()->NewSequentialFile(path, options, &opened, context);
  if (status.ok()) *file = std::make_unique<Sequential>(std::move(opened), counts[kind]);
  return status;
}

IOStatus DiskFileSystem::NewRandomAccessFile(const std::string &path, const FileOptions &options,
                                             std::unique_ptr<rocksdb::FSRandomAccessFile> *file,
                                             IODebugContext *context) {
  std::unique_ptr<rocksdb::FSRandomAccessFile> opened;
  IOStatus status = target()->NewRandomAccessFile(path, options, &opened, context);
  if (status.ok()) *file = std::make_unique<RandomAccess>(std::move(opened), counts[crocks_kind(path)]);
  return status;
}

IOStatus DiskFileSystem::NewDirectory(const std::string &path, const IOOptions &options,
                                      std::unique_ptr<rocksdb::FSDirectory> *directory,
                                      IODebugContext *context) {
  std::unique_ptr<rocksdb::FSDirectory> opened;
  IOStatus status = target()->NewDirectory(path, options, &opened, context);
  if (status.ok()) *directory = std::make_unique<Directory>(std::move(opened), counts[CROCKS_DIRECTORY]);
  return status;
}

IOStatus DiskFileSystem::DeleteFile(const std::string &path, const IOOptions &options,
                                    IODebugContext *context) {
  IOStatus status = target()->DeleteFile(path, options, context);
  if (status.ok()) counts[crocks_kind(path)].removes++;
  return status;
}

IOStatus DiskFileSystem::RenameFile(const std::string &from, const std::string &to,
                                    const IOOptions &options, IODebugContext *context) {
  IOStatus status = target()->RenameFile(from, to, options, context);
  if (status.ok()) counts[crocks_kind(to)].renames++;
  return status;
}
