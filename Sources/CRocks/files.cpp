/* Files of our own, through the file system that the engine's databases use. */
#include <rocksdb/file_system.h>

#include <cstdlib>
#include <cstring>

#include "engine.hpp"
#include "filesystem.hpp"

using rocksdb::FileOptions;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

struct crocks_file {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  uint64_t size;
};

namespace {

constexpr size_t read_size = 1 << 20;

IOStatus open(crocks_engine *engine, const char *path, bool reopen,
              std::unique_ptr<rocksdb::FSWritableFile> *file) {
  if (engine->disk)
    return engine->disk->OpenWritable(path, CROCKS_SHARED_LOG, reopen, FileOptions(), file, nullptr);
  auto files = engine->env->GetFileSystem();
  return reopen ? files->ReopenWritableFile(path, FileOptions(), file, nullptr)
                : files->NewWritableFile(path, FileOptions(), file, nullptr);
}

IOStatus open(crocks_engine *engine, const char *path, std::unique_ptr<rocksdb::FSSequentialFile> *file) {
  if (engine->disk)
    return engine->disk->OpenSequential(path, CROCKS_SHARED_LOG, FileOptions(), file, nullptr);
  return engine->env->GetFileSystem()->NewSequentialFile(path, FileOptions(), file, nullptr);
}

crocks_status wrap(const IOStatus &status, std::unique_ptr<rocksdb::FSWritableFile> file, uint64_t size,
                   crocks_file **result) {
  if (status.ok()) *result = new crocks_file{std::move(file), size};
  return crocks_convert(status);
}

}  // namespace

extern "C" {

crocks_status crocks_file_create(crocks_engine *engine, const char *path, crocks_file **file) {
  if (engine->env->GetFileSystem()->FileExists(path, IOOptions(), nullptr).ok())
    return crocks_convert(IOStatus::InvalidArgument(path, "there is a file of that name already"));
  std::unique_ptr<rocksdb::FSWritableFile> opened;
  IOStatus status = open(engine, path, false, &opened);
  return wrap(status, std::move(opened), 0, file);
}

crocks_status crocks_file_reopen(crocks_engine *engine, const char *path, crocks_file **file) {
  std::unique_ptr<rocksdb::FSWritableFile> opened;
  IOStatus status = open(engine, path, true, &opened);
  uint64_t size = 0;
  if (status.ok()) status = engine->env->GetFileSystem()->GetFileSize(path, IOOptions(), &size, nullptr);
  return wrap(status, std::move(opened), size, file);
}

crocks_status crocks_file_append(crocks_file *file, const void *bytes, size_t count) {
  IOStatus status =
      file->file->Append(Slice(static_cast<const char *>(bytes), count), IOOptions(), nullptr);
  if (status.ok()) file->size += count;
  return crocks_convert(status);
}

crocks_status crocks_file_sync(crocks_file *file) {
  return crocks_convert(file->file->Sync(IOOptions(), nullptr));
}

uint64_t crocks_file_size(const crocks_file *file) { return file->size; }

crocks_status crocks_file_close(crocks_file *file) {
  IOStatus status = file->file->Close(IOOptions(), nullptr);
  delete file;
  return crocks_convert(status);
}

crocks_status crocks_file_read(crocks_engine *engine, const char *path, void **bytes, size_t *count) {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  IOStatus status = open(engine, path, &file);
  std::string whole, scratch(read_size, '\0');
  while (status.ok()) {
    Slice part;
    status = file->Read(scratch.size(), IOOptions(), &part, &scratch[0], nullptr);
    if (!status.ok() || part.empty()) break;
    whole.append(part.data(), part.size());
  }
  if (!status.ok()) return crocks_convert(status);
  void *copy = malloc(whole.size() + 1);
  if (copy == nullptr) return crocks_convert(IOStatus::Aborted("no memory for", path));
  memcpy(copy, whole.data(), whole.size());
  *bytes = copy;
  *count = whole.size();
  return crocks_convert(status);
}

crocks_status crocks_file_truncate(crocks_engine *engine, const char *path, uint64_t size) {
  /* Through a writable file: RocksDB's POSIX file system has no Truncate of its own. */
  auto files = engine->env->GetFileSystem();
  uint64_t had = 0;
  IOStatus status = files->GetFileSize(path, IOOptions(), &had, nullptr);
  if (status.ok() && had < size) status = IOStatus::InvalidArgument(path, "is shorter than that already");
  std::unique_ptr<rocksdb::FSWritableFile> file;
  if (status.ok()) status = open(engine, path, true, &file);
  if (status.ok()) status = file->Truncate(size, IOOptions(), nullptr);
  if (status.ok()) status = file->Sync(IOOptions(), nullptr);
  if (status.ok()) status = file->Close(IOOptions(), nullptr);
  return crocks_convert(status);
}

crocks_status crocks_file_rename(crocks_engine *engine, const char *from, const char *to) {
  return crocks_convert(engine->env->GetFileSystem()->RenameFile(from, to, IOOptions(), nullptr));
}

crocks_status crocks_file_remove(crocks_engine *engine, const char *path) {
  return crocks_convert(engine->env->GetFileSystem()->DeleteFile(path, IOOptions(), nullptr));
}

crocks_status crocks_directory_create(crocks_engine *engine, const char *path) {
  return crocks_convert(engine->env->GetFileSystem()->CreateDirIfMissing(path, IOOptions(), nullptr));
}

crocks_status crocks_directory_sync(crocks_engine *engine, const char *path) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  IOStatus status = engine->env->GetFileSystem()->NewDirectory(path, IOOptions(), &directory, nullptr);
  if (status.ok()) status = directory->Fsync(IOOptions(), nullptr);
  return crocks_convert(status);
}

crocks_status crocks_directory_list(crocks_engine *engine, const char *path, char **names, size_t *bytes) {
  std::vector<std::string> children;
  IOStatus status = engine->env->GetFileSystem()->GetChildren(path, IOOptions(), &children, nullptr);
  if (!status.ok()) return crocks_convert(status);
  std::string joined;
  for (const auto &child : children)
    if (child != "." && child != "..") joined.append(child.c_str(), child.size() + 1);
  char *copy = static_cast<char *>(malloc(joined.size() + 1));
  if (copy == nullptr) return crocks_convert(IOStatus::Aborted("no memory for", path));
  memcpy(copy, joined.data(), joined.size());
  *names = copy;
  *bytes = joined.size();
  return crocks_convert(status);
}

}  // extern "C"
