#include <rocksdb/options.h>

#include <cstdlib>
#include <cstring>

#include "engine.hpp"

using rocksdb::Status;

extern "C" {

crocks_status crocks_create_family(crocks_db *db, const char *name, const char *cf_options,
                                   int32_t *column_family) {
  rocksdb::ColumnFamilyOptions options;
  Status status = rocksdb::GetColumnFamilyOptionsFromString(
      crocks_strict(), rocksdb::ColumnFamilyOptions(), cf_options, &options);
  if (!status.ok()) return crocks_convert(status);
  std::unique_lock<std::shared_mutex> hold(db->families_lock);
  if (db->families.size() == db->families.capacity())
    return crocks_convert(Status::Busy("too many column families since the database was opened"));
  rocksdb::ColumnFamilyHandle *family = nullptr;
  status = db->db->CreateColumnFamily(options, name, &family);
  if (!status.ok()) return crocks_convert(status);
  {
    std::lock_guard<std::mutex> hold_names(db->names->lock);
    db->names->names.push_back(name);
  }
  *column_family = static_cast<int32_t>(db->families.size());
  db->families.push_back(family);
  return crocks_convert(status);
}

crocks_status crocks_drop_family(crocks_db *db, int32_t column_family) {
  std::unique_lock<std::shared_mutex> hold(db->families_lock);
  auto *family = db->families[column_family];
  if (family == nullptr) return crocks_convert(Status::OK());
  Status status = db->db->DropColumnFamily(family);
  if (!status.ok()) return crocks_convert(status);
  /* The files go with the last reference: this one, or an iterator's. */
  db->families[column_family] = nullptr;
  return crocks_convert(db->db->DestroyColumnFamilyHandle(family));
}

crocks_status crocks_sync_wal(crocks_db *db) { return crocks_convert(db->db->SyncWAL()); }

}  // extern "C"
