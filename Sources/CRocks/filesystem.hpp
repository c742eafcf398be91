#pragma once
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>

#include "include/crocks_disk.h"

/* By its name; see crocks_file_kind. */
int32_t crocks_kind(const std::string &path);

/* The file system that RocksDB sees when its engine has a disk. */
class DiskFileSystem : public rocksdb::FileSystemWrapper {
 public:
  DiskFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  static const char *kClassName() { return "dstune.DiskFileSystem"; }
  const char *Name() const override { return kClassName(); }

  rocksdb::IOStatus NewWritableFile(const std::string &path, const rocksdb::FileOptions &options,
                                    std::unique_ptr<rocksdb::FSWritableFile> *file,
                                    rocksdb::IODebugContext *context) override {
    return OpenWritable(path, crocks_kind(path), false, options, file, context);
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string &path, const rocksdb::FileOptions &options,
                                       std::unique_ptr<rocksdb::FSWritableFile> *file,
                                       rocksdb::IODebugContext *context) override {
    return OpenWritable(path, crocks_kind(path), true, options, file, context);
  }
  rocksdb::IOStatus NewSequentialFile(const std::string &path, const rocksdb::FileOptions &options,
                                      std::unique_ptr<rocksdb::FSSequentialFile> *file,
                                      rocksdb::IODebugContext *context) override {
    return OpenSequential(path, crocks_kind(path), options, file, context);
  }
  rocksdb::IOStatus NewRandomAccessFile(const std::string &path, const rocksdb::FileOptions &options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile> *file,
                                        rocksdb::IODebugContext *context) override;
  rocksdb::IOStatus NewDirectory(const std::string &path, const rocksdb::IOOptions &options,
                                 std::unique_ptr<rocksdb::FSDirectory> *directory,
                                 rocksdb::IODebugContext *context) override;
  rocksdb::IOStatus DeleteFile(const std::string &path, const rocksdb::IOOptions &options,
                               rocksdb::IODebugContext *context) override;
  rocksdb::IOStatus RenameFile(const std::string &from, const std::string &to,
                               const rocksdb::IOOptions &options,
                               rocksdb::IODebugContext *context) override;

  /* The same for a caller who knows better what the file is for. */
  rocksdb::IOStatus OpenWritable(const std::string &path, int32_t kind, bool reopen,
                                 const rocksdb::FileOptions &options,
                                 std::unique_ptr<rocksdb::FSWritableFile> *file,
                                 rocksdb::IODebugContext *context);
  rocksdb::IOStatus OpenSequential(const std::string &path, int32_t kind,
                                   const rocksdb::FileOptions &options,
                                   std::unique_ptr<rocksdb::FSSequentialFile> *file,
                                   rocksdb::IODebugContext *context);

  struct Counts {
    std::atomic<uint64_t> creates{0}, appends{0}, append_bytes{0}, syncs{0}, reads{0}, read_bytes{0},
        renames{0}, removes{0};
  };
  Counts counts[CROCKS_FILE_KINDS];
};

struct crocks_disk {
  std::shared_ptr<DiskFileSystem> files = std::make_shared<DiskFileSystem>();
};
