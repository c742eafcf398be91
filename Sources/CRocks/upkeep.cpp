#include <rocksdb/options.h>

#include <ctime>

#include "engine.hpp"

/* What an owner asks of an open database besides reading and writing. */

/* A flush that fails costs the disk a table's worth of writing, so it is not tried with every batch. */
static const int64_t kRenewInterval = 100'000'000;

rocksdb::Status crocks_renew_log(crocks_db *db) {
  rocksdb::Status refused = db->refusal->status();
  if (refused.ok()) return refused;
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t now_ns = now.tv_sec * INT64_C(1'000'000'000) + now.tv_nsec;
  if (now_ns - db->renewed_ns < kRenewInterval) return refused;
  db->renewed_ns = now_ns;
  /* A table takes no more than its memtables did. A flush that is refused as well would be tried again by
   * RocksDB alone, and only every five seconds. */
  uint64_t needed = 0, room = 0;
  if (db->db->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &needed) &&
      db->db->GetEnv()->GetFreeSpace(db->db->GetName(), &room).ok() && room < needed)
    return refused;
  rocksdb::FlushOptions options;
  options.wait = true;
  rocksdb::Status status = db->db->Flush(options, db->families);
  return status.ok() ? db->refusal->status() : status;
}

extern "C" {

crocks_status crocks_flush(crocks_db *db) {
  rocksdb::FlushOptions options;
  options.wait = true;
  return crocks_convert(db->db->Flush(options, db->families));
}

crocks_status crocks_resume(crocks_db *db) { return crocks_convert(db->db->Resume()); }

}  // extern "C"
