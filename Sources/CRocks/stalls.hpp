#pragma once
#include <functional>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "engine.hpp"

/* Puts the changes of write conditions of one database into order and finds their causes. Not
 * thread-safe: its owner holds a lock.
 *
 * RocksDB notes a change under its mutex and calls the listener later, outside of it, from the thread that
 * made the change. For a writer that switched a memtable and so brought the stop about, later is after its
 * write: the end of the stop is heard before its beginning. So a change whose previous condition is not the
 * one we know is kept until the missing one comes, and a change for the worse by a thread that has switched
 * a memtable happened when it did. */
class StallOrder {
 public:
  using Emit = std::function<void(const crocks_event &)>;

  /* A family that RocksDB found delayed or stopped while it opened begins in a condition that nobody told. */
  void opened(crocks_db *db);
  /* The calling thread switches a memtable of the event's column family, now. */
  void sealed(const crocks_event &event);
  /* A change as the listener hears it. Emits what is in order now, with its cause. */
  void changed(crocks_event event, crocks_db *db, const Emit &emit);
  /* Emits what still waits for a change that was never heard of. */
  void release(const Emit &emit);

 private:
  struct Family {
    /* -1: unknown. */
    int32_t condition = 0;
    std::vector<crocks_event> waiting;
    /* When the last change that was emitted happened, CLOCK_MONOTONIC. */
    int64_t last_ns = 0;
    /* Values of the counters of rocksdb.cfstats at the last change. */
    std::map<const char *, uint64_t> seen;
  };

  void tell(Family &family, crocks_event event, const Emit &emit);
  int32_t look(Family &family, crocks_db *db, int32_t index, int32_t condition);

  /* By index; column families come and go with generations. */
  std::map<int32_t, Family> families_;
  std::map<std::pair<std::thread::id, int32_t>, int64_t> sealed_;
};
