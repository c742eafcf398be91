#include <rocksdb/options.h>

#include "engine.hpp"

extern "C" {

crocks_status crocks_flush_families(crocks_db *db, const int32_t *families, size_t count) {
  /* A handle must not be destroyed while it is flushed; dropped families are passed over. */
  std::shared_lock<std::shared_mutex> hold(db->families_lock);
  std::vector<rocksdb::ColumnFamilyHandle *> handles;
  for (size_t i = 0; i < count; i++)
    if (auto *family = db->families[families[i]]) handles.push_back(family);
  rocksdb::FlushOptions options;
  options.wait = true;
  return crocks_convert(db->db->Flush(options, handles));
}

}  // extern "C"
