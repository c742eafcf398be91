#include "patient.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <map>

using rocksdb::DataVerificationInfo;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using rocksdb::Status;

int LogRefusal::begin() {
  std::lock_guard<std::mutex> hold(lock_);
  why_ = Status::OK();
  return ++newest_;
}

void LogRefusal::refuse(int number, const Status &why) {
  std::lock_guard<std::mutex> hold(lock_);
  if (number == newest_) why_ = why;
}

Status LogRefusal::status() const {
  std::lock_guard<std::mutex> hold(lock_);
  return why_;
}

std::shared_ptr<LogRefusal> crocks_log_refusal(const std::string &path) {
  static auto *const lock = new std::mutex();
  static auto *const all = new std::map<std::string, std::weak_ptr<LogRefusal>>();
  std::lock_guard<std::mutex> hold(*lock);
  std::shared_ptr<LogRefusal> found = (*all)[path].lock();
  if (!found) (*all)[path] = found = std::make_shared<LogRefusal>();
  return found;
}

namespace {

/* A write-ahead log. Never fails to append: it refuses, and from then on swallows. */
class PatientWAL : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  PatientWAL(std::unique_ptr<FSWritableFile> &&file, std::shared_ptr<LogRefusal> refusal)
      : FSWritableFileOwnerWrapper(std::move(file)), refusal_(std::move(refusal)), number_(refusal_->begin()) {}

  IOStatus Append(const Slice &data, const IOOptions &options, IODebugContext *debug) override {
    return take(data, options, debug, [&] { return target()->Append(data, options, debug); });
  }
  IOStatus Append(const Slice &data, const IOOptions &options, const DataVerificationInfo &check,
                  IODebugContext *debug) override {
    return take(data, options, debug, [&] { return target()->Append(data, options, check, debug); });
  }

 private:
  template <class Deed>
  IOStatus take(const Slice &data, const IOOptions &options, IODebugContext *debug, Deed append) {
    if (refused_) return IOStatus::OK();
    IOStatus status = append();
    if (status.ok()) {
      bytes_ += data.size();
      return status;
    }
    refused_ = true;
    refusal_->refuse(number_, status);
    /* What was taken of a record that is not whole: recovery would stop there as well. */
    target()->Truncate(bytes_, options, debug).PermitUncheckedError();
    return IOStatus::OK();
  }

  const std::shared_ptr<LogRefusal> refusal_;
  const int number_;
  uint64_t bytes_ = 0;
  bool refused_ = false;
};

class Patient : public rocksdb::FileSystemWrapper {
 public:
  explicit Patient(const std::shared_ptr<rocksdb::FileSystem> &base) : FileSystemWrapper(base) {}
  const char *Name() const override { return "Patient"; }

  IOStatus NewWritableFile(const std::string &path, const rocksdb::FileOptions &options,
                           std::unique_ptr<FSWritableFile> *file, IODebugContext *debug) override {
    IOStatus status = target()->NewWritableFile(path, options, file, debug);
    size_t slash = path.find_last_of('/');
    bool log = path.size() > 4 && path.compare(path.size() - 4, 4, ".log") == 0;
    if (status.ok() && log && slash != std::string::npos)
      file->reset(new PatientWAL(std::move(*file), crocks_log_refusal(path.substr(0, slash))));
    return status;
  }

  IOStatus NewLogger(const std::string &path, const IOOptions &, std::shared_ptr<rocksdb::Logger> *logger,
                     IODebugContext *) override {
    int file = open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 && errno == ENOSPC) return IOStatus::NoSpace("while creating " + path, strerror(errno));
    if (file < 0) return IOStatus::IOError("while creating " + path, strerror(errno));
    *logger = crocks_patient_logger(file);
    return IOStatus::OK();
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> crocks_patient(const std::shared_ptr<rocksdb::FileSystem> &base) {
  return std::make_shared<Patient>(base);
}

rocksdb::Env *crocks_env() {
  /* Never destroyed: RocksDB's threads may outlive what is static here. */
  static rocksdb::Env *const one =
      rocksdb::NewCompositeEnv(crocks_patient(rocksdb::FileSystem::Default())).release();
  return one;
}
