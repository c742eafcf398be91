#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "loss_journal.hpp"

using rocksdb::IOStatus;

namespace {

IOStatus failed(const std::string &path, const char *doing) {
  return IOStatus::IOError(std::string("power loss: cannot ") + doing + " " + path, strerror(errno));
}

bool there(const std::string &path) { return access(path.c_str(), F_OK) == 0; }

/* Puts back what was kept of a name. */
IOStatus restore(const std::string &journal, const LossRecord &record, const std::string &path) {
  if (record.kept == 0) return IOStatus::OK();
  std::string kept = LossJournal::kept(journal, record.kept);
  if (!there(kept)) return IOStatus::OK();
  std::error_code ignored; /* the rename below says what is wrong */
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  /* Two names of one file: rename(2) would do nothing and leave both. */
  if (there(path) && unlink(path.c_str()) != 0) return failed(path, "replace");
  return ::rename(kept.c_str(), path.c_str()) == 0 ? IOStatus::OK() : failed(path, "bring back");
}

/* A record is written before the deed: the last one may not have been done. */
IOStatus undo(const std::string &journal, const LossRecord &record) {
  switch (record.kind) {
    case LossRecord::created:
      if (unlink(record.path.c_str()) != 0 && errno != ENOENT) return failed(record.path, "remove");
      return restore(journal, record, record.path);
    case LossRecord::renamed:
      if (!there(record.path) && there(record.to) &&
          ::rename(record.to.c_str(), record.path.c_str()) != 0)
        return failed(record.to, "rename back");
      return restore(journal, record, record.to);
    case LossRecord::removed:
      return restore(journal, record, record.path);
    default:
      return IOStatus::OK();
  }
}

/* Cuts a file at the length that was synced. */
IOStatus cut(const std::string &path, uint64_t synced, crocks_loss *loss) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return errno == ENOENT ? IOStatus::OK() : failed(path, "see");
  uint64_t size = static_cast<uint64_t>(info.st_size);
  if (size <= synced) return IOStatus::OK();
  if (truncate(path.c_str(), static_cast<off_t>(synced)) != 0) return failed(path, "cut");
  loss->files_cut++;
  loss->bytes += size - synced;
  return IOStatus::OK();
}

}  // namespace

IOStatus lose_power(const std::string &given, crocks_loss *loss) {
  *loss = {0, 0, 0};
  std::string journal = LossJournal::normal(given);
  LossState state;
  IOStatus status = LossJournal::load(journal, &state);
  std::ifstream table(LossJournal::table(journal), std::ios::binary);
  if (status.ok() && !table) status = failed(LossJournal::table(journal), "read");
  std::vector<uint64_t> synced(state.last_id + 1);
  auto bytes = static_cast<std::streamsize>(synced.size() * sizeof synced[0]);
  if (status.ok() && !table.read(reinterpret_cast<char *>(synced.data()), bytes))
    status = failed(LossJournal::table(journal), "read");
  /* Lengths first, under the names of now: then every file that comes back is cut already. */
  for (const auto &file : state.files)
    if (status.ok() && file.second != 0) status = cut(file.first, synced[file.second], loss);
  for (const auto &record : state.pending)
    if (status.ok() && record.kept_id != 0)
      status = cut(LossJournal::kept(journal, record.kept), synced[record.kept_id], loss);
  for (auto record = state.pending.rbegin(); status.ok() && record != state.pending.rend(); ++record) {
    status = undo(journal, *record);
    loss->names++;
  }
  if (!status.ok()) return status;
  std::error_code error;
  std::filesystem::remove_all(LossJournal::folder(journal), error);
  if (!error) std::filesystem::remove(LossJournal::table(journal), error);
  if (!error) std::filesystem::remove(journal, error);
  if (error) return IOStatus::IOError("power loss: cannot end the journal " + journal, error.message());
  return status;
}
