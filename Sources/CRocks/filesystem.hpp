#pragma once
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "disk_faults.hpp"
#include "disk_model.hpp"
#include "include/crocks_disk.h"
#include "loss_journal.hpp"

/* By its name; see crocks_file_kind. */
int32_t crocks_kind(const std::string &path);

/* What every file of a disk shares: the counts, the declared device, the faults and the journal. Decides
 * nothing about RocksDB; the wrappers in filesystem.cpp call it around each operation. */
struct DiskState {
  struct Counts {
    std::atomic<uint64_t> creates{0}, appends{0}, append_bytes{0}, syncs{0}, reads{0}, read_bytes{0},
        renames{0}, removes{0}, added_ns{0};
  };
  Counts counts[CROCKS_FILE_KINDS];
  DiskFaults faults;
  std::unique_ptr<LossJournal> journal;
  std::atomic<bool> powered{true};

  /* The declared device, if there is one. Used under `lock`. */
  std::unique_ptr<crocks_disk_model> model;
  std::mutex lock;

  /* A number for a path, the same as long as the file has that name; for the model. */
  uint64_t number(const std::string &path);
  void renamed(const std::string &from, const std::string &to);
  void removed(const std::string &path);

  /* What an operation suffers before it is done. `kept`: as in DiskFaults::Verdict. */
  rocksdb::IOStatus meet(int32_t kind, uint32_t operation, uint64_t bytes, uint64_t *kept);
  /* Sleeps until `done` on the monotonic clock, if that is still to come, and counts it. */
  void wait(int32_t kind, double done);
  static double now();

 private:
  std::unordered_map<std::string, uint64_t> numbers_;
  uint64_t last_number_ = 0;
};

/* The file system that RocksDB sees when its engine has a disk. */
class DiskFileSystem : public rocksdb::FileSystemWrapper {
 public:
  using Path = const std::string &;
  using IOStatus = rocksdb::IOStatus;
  using Context = rocksdb::IODebugContext *;
  using IOOptions = const rocksdb::IOOptions &;
  using FileOptions = const rocksdb::FileOptions &;
  using Writable = std::unique_ptr<rocksdb::FSWritableFile>;
  using Sequential = std::unique_ptr<rocksdb::FSSequentialFile>;

  DiskFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  static const char *kClassName() { return "dstune.DiskFileSystem"; }
  const char *Name() const override { return kClassName(); }

  IOStatus NewWritableFile(Path path, FileOptions options, Writable *file, Context context) override {
    return OpenWritable(path, crocks_kind(path), false, options, file, context);
  }
  IOStatus ReopenWritableFile(Path path, FileOptions options, Writable *file, Context context) override {
    return OpenWritable(path, crocks_kind(path), true, options, file, context);
  }
  IOStatus NewSequentialFile(Path path, FileOptions options, Sequential *file, Context context) override {
    return OpenSequential(path, crocks_kind(path), options, file, context);
  }
  IOStatus ReuseWritableFile(Path path, Path old, FileOptions options, Writable *file,
                             Context context) override;
  IOStatus NewRandomAccessFile(Path path, FileOptions options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile> *file, Context context) override;
  IOStatus NewDirectory(Path path, IOOptions options, std::unique_ptr<rocksdb::FSDirectory> *directory,
                        Context context) override;
  IOStatus DeleteFile(Path path, IOOptions options, Context context) override;
  IOStatus RenameFile(Path from, Path to, IOOptions options, Context context) override;
  IOStatus LinkFile(Path from, Path to, IOOptions options, Context context) override;
  IOStatus GetFreeSpace(Path path, IOOptions options, uint64_t *free, Context context) override;

  /* The same for a caller who knows better what the file is for. */
  IOStatus OpenWritable(Path path, int32_t kind, bool reopen, FileOptions options, Writable *file,
                        Context context);
  IOStatus OpenSequential(Path path, int32_t kind, FileOptions options, Sequential *file, Context context);

  DiskState state;
};

struct crocks_disk {
  std::shared_ptr<DiskFileSystem> files = std::make_shared<DiskFileSystem>();
};
