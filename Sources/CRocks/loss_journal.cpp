#include "loss_journal.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

using rocksdb::IOStatus;

namespace {

/* At the start of a journal, so that no other file is ever taken for one. */
const std::string magic = "dstune power-loss journal 1\n";

/* In front of a record; the two names follow. */
struct Head {
  uint32_t kind, id, kept, kept_id, path_bytes, to_bytes;
};

IOStatus failed(const std::string &path, const char *doing) {
  return IOStatus::IOError(std::string("power-loss journal: cannot ") + doing + " " + path,
                           strerror(errno));
}

std::string parent(const std::string &path) { return path.substr(0, path.find_last_of('/')); }

}  // namespace

std::string LossJournal::normal(const std::string &path) {
  std::string normal = std::filesystem::absolute(path).lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

std::string LossJournal::kept(const std::string &path, uint32_t number) {
  return folder(path) + "/" + std::to_string(number);
}

void LossState::apply(const LossRecord &record, std::vector<uint32_t> *freed) {
  last_id = std::max(last_id, record.id);
  last_kept = std::max(last_kept, record.kept);
  switch (record.kind) {
    case LossRecord::opened:
      files[record.path] = record.id;
      return;
    case LossRecord::created:
      files[record.path] = record.id;
      break;
    case LossRecord::renamed:
      files.erase(record.path);
      files[record.to] = record.id;
      break;
    case LossRecord::removed:
      files.erase(record.path);
      break;
    case LossRecord::directory_synced: {
      std::vector<LossRecord> left;
      for (auto &waiting : pending) {
        const std::string &name = waiting.kind == LossRecord::renamed ? waiting.to : waiting.path;
        if (parent(name) != record.path)
          left.push_back(std::move(waiting));
        else if (waiting.kept != 0 && freed != nullptr)
          freed->push_back(waiting.kept);
      }
      pending = std::move(left);
      return;
    }
  }
  pending.push_back(record);
}

LossJournal::~LossJournal() {
  if (lengths_ != nullptr) munmap(lengths_, most_files * sizeof *lengths_);
  if (file_ >= 0) close(file_);
}

IOStatus LossJournal::load(const std::string &path, LossState *state) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed(path, "read");
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  size_t at = std::min(bytes.size(), magic.size());
  if (bytes.compare(0, at, magic, 0, at) != 0)
    return IOStatus::Corruption(path, "is not a power-loss journal; name another file");
  Head head;
  /* The process may have been killed in the middle of the last record: then it had done nothing yet. */
  while (bytes.size() - at >= sizeof head) {
    memcpy(&head, bytes.data() + at, sizeof head);
    if (head.kind < LossRecord::opened || head.kind > LossRecord::directory_synced ||
        head.id >= most_files || head.kept_id >= most_files)
      return IOStatus::Corruption(path, "has a record that no power-loss journal has");
    uint64_t size = sizeof head + static_cast<uint64_t>(head.path_bytes) + head.to_bytes;
    if (bytes.size() - at < size) break;
    LossRecord record;
    record.kind = static_cast<LossRecord::Kind>(head.kind);
    record.id = head.id;
    record.kept = head.kept;
    record.kept_id = head.kept_id;
    record.path = bytes.substr(at + sizeof head, head.path_bytes);
    record.to = bytes.substr(at + sizeof head + head.path_bytes, head.to_bytes);
    state->apply(record, nullptr);
    at += size;
  }
  if (at < magic.size()) at = 0;
  if (at < bytes.size() && truncate(path.c_str(), static_cast<off_t>(at)) != 0)
    return failed(path, "cut");
  return IOStatus::OK();
}

IOStatus LossJournal::open(const std::string &path) {
  path_ = normal(path);
  if (access(path_.c_str(), F_OK) == 0) {
    IOStatus status = load(path_, &state_);
    if (!status.ok()) return status;
  }
  file_ = ::open(path_.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
  if (file_ < 0) return failed(path_, "open");
  if (lseek(file_, 0, SEEK_END) == 0 &&
      ::write(file_, magic.data(), magic.size()) != static_cast<ssize_t>(magic.size()))
    return failed(path_, "write");
  if (mkdir(folder(path_).c_str(), 0700) != 0 && errno != EEXIST) return failed(folder(path_), "make");
  int table_file = ::open(table(path_).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (table_file < 0) return failed(table(path_), "open");
  void *mapped = MAP_FAILED;
  if (ftruncate(table_file, most_files * sizeof *lengths_) == 0)
    mapped = mmap(nullptr, most_files * sizeof *lengths_, PROT_READ | PROT_WRITE, MAP_SHARED, table_file, 0);
  close(table_file);
  if (mapped == MAP_FAILED) return failed(table(path_), "map");
  lengths_ = static_cast<uint64_t *>(mapped);
  return IOStatus::OK();
}

IOStatus LossJournal::write(const LossRecord &record) {
  Head head = {record.kind,
               record.id,
               record.kept,
               record.kept_id,
               static_cast<uint32_t>(record.path.size()),
               static_cast<uint32_t>(record.to.size())};
  std::string bytes(reinterpret_cast<const char *>(&head), sizeof head);
  bytes += record.path + record.to;
  if (::write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    return failed(path_, "write");
  std::vector<uint32_t> freed;
  state_.apply(record, &freed);
  for (uint32_t number : freed) unlink(kept(path_, number).c_str());
  return IOStatus::OK();
}

IOStatus LossJournal::next(uint32_t *id) {
  if (state_.last_id + 1 >= most_files)
    return IOStatus::IOError(path_, "the power-loss journal follows no more files; begin a new one");
  *id = state_.last_id + 1;
  return IOStatus::OK();
}

uint32_t LossJournal::id(const std::string &path) const {
  auto known = state_.files.find(path);
  return known == state_.files.end() ? 0 : known->second;
}

/* Keeps what has the name `path`, if anything has. */
IOStatus LossJournal::keep(const std::string &path, LossRecord *record) {
  uint32_t next = state_.last_kept + 1;
  unlink(kept(path_, next).c_str()); /* of a record that was never written */
  if (::link(path.c_str(), kept(path_, next).c_str()) == 0) {
    record->kept = next;
    record->kept_id = id(path);
    return IOStatus::OK();
  }
  if (errno == ENOENT) return IOStatus::OK();
  if (errno == EXDEV)
    return IOStatus::IOError(path_, "the power-loss journal has to be on the file system of the data");
  return failed(path, "keep");
}

IOStatus LossJournal::create(const std::string &path, uint32_t *number) {
  std::lock_guard<std::mutex> hold(lock_);
  LossRecord record;
  record.kind = LossRecord::created;
  record.path = normal(path);
  IOStatus status = next(&record.id);
  if (status.ok()) status = keep(record.path, &record);
  if (!status.ok()) return status;
  lengths_[record.id] = 0;
  status = write(record);
  /* Opening would cut the file, and with it the one that is kept: they are the same. */
  if (status.ok() && record.kept != 0 && unlink(record.path.c_str()) != 0) return failed(path, "replace");
  *number = record.id;
  return status;
}

IOStatus LossJournal::reopen(const std::string &path, uint64_t size, uint32_t *number) {
  std::lock_guard<std::mutex> hold(lock_);
  LossRecord record;
  record.path = normal(path);
  *number = id(record.path);
  if (*number != 0) return IOStatus::OK();
  record.kind = access(record.path.c_str(), F_OK) == 0 ? LossRecord::opened : LossRecord::created;
  IOStatus status = next(&record.id);
  if (!status.ok()) return status;
  lengths_[record.id] = size;
  *number = record.id;
  return write(record);
}

IOStatus LossJournal::link(const std::string &from, const std::string &path) {
  std::lock_guard<std::mutex> hold(lock_);
  LossRecord record;
  record.kind = LossRecord::created;
  record.path = normal(path);
  record.id = id(normal(from)); /* one line for both names: they are one file */
  return write(record);
}

IOStatus LossJournal::rename(const std::string &from, const std::string &to) {
  std::lock_guard<std::mutex> hold(lock_);
  LossRecord record;
  record.kind = LossRecord::renamed;
  record.path = normal(from);
  record.to = normal(to);
  record.id = id(record.path);
  IOStatus status = keep(record.to, &record);
  return status.ok() ? write(record) : status;
}

IOStatus LossJournal::remove(const std::string &path) {
  std::lock_guard<std::mutex> hold(lock_);
  LossRecord record;
  record.kind = LossRecord::removed;
  record.path = normal(path);
  record.id = id(record.path);
  IOStatus status = keep(record.path, &record);
  return status.ok() ? write(record) : status;
}

IOStatus LossJournal::sync_directory(const std::string &path) {
  std::lock_guard<std::mutex> hold(lock_);
  LossRecord record;
  record.kind = LossRecord::directory_synced;
  record.path = normal(path);
  return write(record);
}

void LossJournal::synced(uint32_t id, uint64_t size) {
  auto line = reinterpret_cast<std::atomic<uint64_t> *>(&lengths_[id]);
  /* Two syncs of one file may end in either order. */
  uint64_t had = line->load();
  while (had < size && !line->compare_exchange_weak(had, size)) {
  }
}

void LossJournal::truncated(uint32_t id, uint64_t size) {
  auto line = reinterpret_cast<std::atomic<uint64_t> *>(&lengths_[id]);
  uint64_t had = line->load();
  while (had > size && !line->compare_exchange_weak(had, size)) {
  }
}
