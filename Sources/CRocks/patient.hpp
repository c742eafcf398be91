#pragma once
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <memory>
#include <mutex>
#include <string>

/* A file system on which a full disk is survived.
 *
 * RocksDB 7.8 keeps appending to a file whose last append failed: its own LOG, and a write-ahead log whose
 * memtable is empty when it recovers by itself. With assertions on (Debian's build,
 * file/writable_file_writer.h) that ends the process; without them every later write fails. So here
 * - a line of LOG that the disk does not take is left out, and
 * - a write-ahead log that refused bytes is cut back to its last whole append and takes no more, without
 *   RocksDB noticing; `crocks_write` notices, reports the refusal, and begins a new log before it
 *   writes again. */

/* What the write-ahead log of one database refused. */
class LogRefusal {
 public:
  /* A new log takes the place of the last one. */
  int begin();
  /* The log of `number` takes no more; an older log's refusal is of no account. */
  void refuse(int number, const rocksdb::Status &why);
  /* OK unless the newest log refused. */
  rocksdb::Status status() const;

 private:
  mutable std::mutex lock_;
  int newest_ = 0;
  rocksdb::Status why_;
};

/* Of the database at `path`, for as long as somebody holds it. */
std::shared_ptr<LogRefusal> crocks_log_refusal(const std::string &path);

/* `base` made patient. */
std::shared_ptr<rocksdb::FileSystem> crocks_patient(const std::shared_ptr<rocksdb::FileSystem> &base);

/* The default Env on a patient file system: with the same thread pools, which all databases share. */
rocksdb::Env *crocks_env();

std::shared_ptr<rocksdb::Logger> crocks_patient_logger(int file);
