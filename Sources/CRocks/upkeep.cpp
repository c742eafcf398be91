#include <rocksdb/options.h>

#include "engine.hpp"

/* What an owner asks of an open database besides reading and writing. */

extern "C" {

crocks_status crocks_flush(crocks_db *db) {
  rocksdb::FlushOptions options;
  options.wait = true;
  return crocks_convert(db->db->Flush(options, db->families));
}

crocks_status crocks_resume(crocks_db *db) { return crocks_convert(db->db->Resume()); }

}  // extern "C"
