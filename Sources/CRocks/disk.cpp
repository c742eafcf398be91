#include "engine.hpp"
#include "filesystem.hpp"

extern "C" {

crocks_disk *crocks_disk_create(void) { return new crocks_disk(); }

void crocks_disk_destroy(crocks_disk *disk) { delete disk; }

crocks_disk_counts crocks_disk_count(const crocks_disk *disk, int32_t kind) {
  const auto &counts = disk->files->counts[kind];
  return {counts.creates, counts.appends, counts.append_bytes, counts.syncs,
          counts.reads,   counts.read_bytes, counts.renames,   counts.removes};
}

crocks_engine *crocks_engine_create_on(crocks_disk *disk) {
  auto engine = new crocks_engine();
  engine->disk = disk->files;
  engine->composed = rocksdb::NewCompositeEnv(disk->files);
  engine->env = engine->composed.get();
  return engine;
}

}  // extern "C"
