#include <fcntl.h>

#include "engine.hpp"
#include "filesystem.hpp"

extern "C" {

crocks_disk *crocks_disk_create(const crocks_disk_figures *figures, uint64_t seed) {
  auto disk = new crocks_disk();
  if (figures != nullptr) disk->files->state.model = std::make_unique<crocks_disk_model>(*figures, seed);
  return disk;
}

void crocks_disk_destroy(crocks_disk *disk) { delete disk; }

crocks_disk_counts crocks_disk_count(const crocks_disk *disk, int32_t kind) {
  const auto &counts = disk->files->state.counts[kind];
  return {counts.creates,    counts.appends, counts.append_bytes, counts.syncs,   counts.reads,
          counts.read_bytes, counts.renames, counts.removes,      counts.added_ns};
}

int32_t crocks_disk_add_fault(crocks_disk *disk, const crocks_fault *fault) {
  return disk->files->state.faults.add(*fault);
}

void crocks_disk_remove_fault(crocks_disk *disk, int32_t fault) { disk->files->state.faults.remove(fault); }

uint64_t crocks_disk_fault_hits(const crocks_disk *disk, int32_t fault) {
  return disk->files->state.faults.hits(fault);
}

crocks_status crocks_disk_keep_journal(crocks_disk *disk, const char *journal) {
  auto opened = std::make_unique<LossJournal>();
  rocksdb::IOStatus status = opened->open(journal);
  if (status.ok()) disk->files->state.journal = std::move(opened);
  return crocks_convert(status);
}

void crocks_disk_power_off(crocks_disk *disk) { disk->files->state.powered = false; }

crocks_status crocks_lose_power(const char *journal, crocks_loss *loss) {
  return crocks_convert(lose_power(journal, loss));
}

int32_t crocks_open_direct(void) { return O_DIRECT; }

crocks_engine *crocks_engine_create_on(crocks_disk *disk) {
  auto engine = new crocks_engine();
  engine->disk = disk->files;
  engine->statistics = rocksdb::CreateDBStatistics();
  engine->composed = rocksdb::NewCompositeEnv(crocks_patient(disk->files));
  engine->env = engine->composed.get();
  return engine;
}

}  // extern "C"
