#include "stalls.hpp"

#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <algorithm>

namespace {

/* The counters of rocksdb.cfstats that tell why writes are held back. RocksDB adds to one of them each
 * time it finds its column family delayed (1) or stopped (2), under the mutex that changes the condition. */
struct Counter {
  int32_t condition;
  crocks_stall_cause cause;
  const char *name;
};

const Counter counters[] = {
    {1, CROCKS_CAUSE_MEMTABLES, "io_stalls.memtable_slowdown"},
    {1, CROCKS_CAUSE_LEVEL0, "io_stalls.level0_slowdown"},
    {1, CROCKS_CAUSE_PENDING_BYTES, "io_stalls.slowdown_for_pending_compaction_bytes"},
    {2, CROCKS_CAUSE_MEMTABLES, "io_stalls.memtable_compaction"},
    {2, CROCKS_CAUSE_LEVEL0, "io_stalls.level0_numfiles"},
    {2, CROCKS_CAUSE_PENDING_BYTES, "io_stalls.stop_for_pending_compaction_bytes"},
};

/* Threads come and go; so many switches that brought no change are remembered. */
const size_t remembered = 1024;

}  // namespace

void StallOrder::opened(crocks_db *db) {
  for (size_t i = 0; i < db->families.size(); i++) {
    Family &family = families_[static_cast<int32_t>(i)];
    look(family, db, static_cast<int32_t>(i), 0);
    for (const auto &counter : family.seen)
      if (counter.second > 0) family.condition = -1;
  }
}

void StallOrder::sealed(const crocks_event &event) {
  if (sealed_.size() >= remembered) sealed_.clear();
  sealed_[{std::this_thread::get_id(), event.column_family}] = event.ended_ns;
}

void StallOrder::changed(crocks_event event, crocks_db *db, const Emit &emit) {
  auto switched = sealed_.find({std::this_thread::get_id(), event.column_family});
  if (switched != sealed_.end()) {
    if (event.condition > event.previous) event.ended_ns = switched->second;
    sealed_.erase(switched);
  }
  event.began_ns = event.ended_ns;
  if (event.column_family < 0) return emit(event);
  Family &family = families_[event.column_family];
  if (family.condition >= 0 && event.previous != family.condition) {
    family.waiting.push_back(event);
    return;
  }
  event.reason = look(family, db, event.column_family, event.condition);
  family.condition = event.condition;
  /* Heard late: it happened before the one that waited for it, whatever the clock said when each was heard. */
  for (const auto &later : family.waiting)
    if (later.previous == event.condition) event.ended_ns = std::min(event.ended_ns, later.ended_ns);
  tell(family, event, emit);
  /* What waited heard no counters of its own. */
  for (auto next = family.waiting.begin(); next != family.waiting.end();) {
    if (next->previous != family.condition) {
      ++next;
      continue;
    }
    crocks_event held = *next;
    family.waiting.erase(next);
    family.condition = held.condition;
    tell(family, held, emit);
    next = family.waiting.begin();
  }
}

/* Changes of one family happened in the order of their conditions, so no stamp goes back. */
void StallOrder::tell(Family &family, crocks_event event, const Emit &emit) {
  event.ended_ns = std::max(event.ended_ns, family.last_ns);
  event.began_ns = event.ended_ns;
  family.last_ns = event.ended_ns;
  emit(event);
}

void StallOrder::release(const Emit &emit) {
  for (auto &family : families_) {
    for (const auto &event : family.second.waiting) emit(event);
    family.second.waiting.clear();
  }
}

/* The one cause whose counter for `condition` grew since the last look; looks at all of them.
 *
 * The counters are read inside the callback, while they still belong to this change: "All EventListener
 * callbacks are designed to be called without the current thread holding any DB mutex" (rocksdb/listener.h,
 * [Locking]), which is the mutex that reading a property takes. Nobody who holds that mutex waits for the
 * listener's, so the two cannot wait for each other. */
int32_t StallOrder::look(Family &family, crocks_db *db, int32_t index, int32_t condition) {
  if (db == nullptr) return CROCKS_CAUSE_UNKNOWN;
  /* Never waits: whoever creates or drops a column family may be the one whose job tells us. */
  std::shared_lock<std::shared_mutex> hold(db->families_lock, std::try_to_lock);
  if (!hold.owns_lock() || db->families[index] == nullptr) return CROCKS_CAUSE_UNKNOWN;
  std::map<std::string, std::string> values;
  if (!db->db->GetMapProperty(db->families[index], rocksdb::DB::Properties::kCFStats, &values))
    return CROCKS_CAUSE_UNKNOWN;
  int32_t grown = CROCKS_CAUSE_UNKNOWN;
  int count = 0;
  for (const auto &counter : counters) {
    auto value = values.find(counter.name);
    if (value == values.end()) continue;
    uint64_t now = strtoull(value->second.c_str(), nullptr, 10);
    uint64_t &before = family.seen[counter.name];
    if (counter.condition == condition && now > before) {
      grown = counter.cause;
      count++;
    }
    before = now;
  }
  return count == 1 ? grown : CROCKS_CAUSE_UNKNOWN;
}

extern "C" {

/* The lowest level at which write_delay_time is kept (perf_step_timer.h). */
void crocks_time_stalls(void) {
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableTimeExceptForMutex);
}

uint64_t crocks_stalled_ns(void) { return rocksdb::get_perf_context()->write_delay_time; }

}  // extern "C"
