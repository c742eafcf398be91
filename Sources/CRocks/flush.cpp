#include <rocksdb/options.h>

#include "engine.hpp"

extern "C" {

crocks_status crocks_flush_families(crocks_db *db, const int32_t *families, size_t count) {
  std::vector<rocksdb::ColumnFamilyHandle *> handles;
  for (size_t i = 0; i < count; i++) handles.push_back(db->families[families[i]]);
  rocksdb::FlushOptions options;
  options.wait = true;
  return crocks_convert(db->db->Flush(options, handles));
}

}  // extern "C"
