#pragma once
#include <rocksdb/io_status.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "include/crocks_disk.h"

/* What a power loss would take back, kept outside the process so that it outlives a SIGKILL.
 *
 * `journal` is a log of what was done to names (created, renamed, removed, directory synced); beside it
 * `journal.synced` is a table of the length up to which each file was synced, mapped into memory, so that
 * noting a sync is one store; and `journal.kept` is a folder of hard links to what was replaced or removed
 * and whose directory was not synced since. The page cache keeps all three when the process is killed.
 *
 * The strictest reading of POSIX applies: fsync makes a file's bytes durable, but not its name, and the
 * fsync of a directory makes durable the names in it. Only a directory's own name counts as durable at
 * once: RocksDB never syncs the parent of its directory. */
class LossRecord {
 public:
  enum Kind : uint32_t { opened = 1, created, renamed, removed, directory_synced };
  Kind kind;
  uint32_t id = 0;      /* of the file, a line of the table; 0: not one that was written here */
  uint32_t kept = 0;    /* name in the folder of what had the name before; 0: nothing had it */
  uint32_t kept_id = 0; /* its line of the table */
  std::string path, to;
};

/* The names as they are and what of them is not durable: the sum of a journal's records. */
class LossState {
 public:
  /* Kept files that are no longer needed are added to `freed`. */
  void apply(const LossRecord &record, std::vector<uint32_t> *freed);
  std::map<std::string, uint32_t> files;
  std::vector<LossRecord> pending;
  uint32_t last_id = 0, last_kept = 0;
};

class LossJournal {
 public:
  ~LossJournal();
  /* A new journal, or one that is continued. */
  rocksdb::IOStatus open(const std::string &path);

  /* Before a file is made; takes away what has its name. */
  rocksdb::IOStatus create(const std::string &path, uint32_t *id);
  /* Before a file is continued; what it holds is durable unless this journal knows better. */
  rocksdb::IOStatus reopen(const std::string &path, uint64_t size, uint32_t *id);
  /* Before a name for the same file is made: `synced` of it is durable. */
  rocksdb::IOStatus link(const std::string &from, const std::string &path);
  rocksdb::IOStatus rename(const std::string &from, const std::string &to);
  rocksdb::IOStatus remove(const std::string &path);
  /* After the fsync of a directory. */
  rocksdb::IOStatus sync_directory(const std::string &path);
  /* After the fsync of a file of which `size` bytes had been written before it. */
  void synced(uint32_t id, uint64_t size);
  /* The file was cut. */
  void truncated(uint32_t id, uint64_t size);

  static std::string normal(const std::string &path);
  static rocksdb::IOStatus load(const std::string &path, LossState *state);
  static std::string table(const std::string &path) { return path + ".synced"; }
  static std::string kept(const std::string &path, uint32_t number);
  static std::string folder(const std::string &path) { return path + ".kept"; }
  /* Files that one journal can follow: lines of the table, which is sparse on disk. */
  static constexpr uint32_t most_files = 1 << 20;

 private:
  rocksdb::IOStatus write(const LossRecord &record);
  rocksdb::IOStatus keep(const std::string &path, LossRecord *record);
  uint32_t id(const std::string &path) const;
  rocksdb::IOStatus next(uint32_t *id);

  std::mutex lock_;
  std::string path_;
  int file_ = -1;
  uint64_t *lengths_ = nullptr;
  LossState state_;
};

/* Undoes on the real files what was not durable, and ends the journal. */
rocksdb::IOStatus lose_power(const std::string &journal, crocks_loss *loss);
