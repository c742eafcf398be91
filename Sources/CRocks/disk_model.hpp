#pragma once
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "include/crocks_disk_model.h"

/* A rate with a bucket of credits, as network volumes have: `base` is earned all the time, a transfer runs
 * at `burst` while there are credits and at `base` without. Amounts per nanosecond. */
class CreditBucket {
 public:
  CreditBucket(double base_per_s, double burst_per_s, double capacity);
  /* When a transfer of `amount` that begins at `start` ends; takes its credits. */
  double finish(double start, double amount);
  /* How much could be transferred between `start` and `end`. */
  double within(double start, double end) const;

 private:
  double credits(double at) const;
  double base_, burst_, capacity_, credits_, at_ = 0;
};

/* Which parts of which files the kernel would still hold: least recently used go first. */
class PageCache {
 public:
  explicit PageCache(double bytes) : room_(static_cast<size_t>(bytes / part)) {}
  /* Bytes of the range that are not held; holds all of it afterwards. */
  uint64_t fetch(uint64_t file, uint64_t offset, uint64_t bytes);

 private:
  /* Four pages: between one page, which would cost memory without telling more, and readahead, which
   * RocksDB switches off for tables (advise_random_on_open). */
  static constexpr uint64_t part = 16 << 10;
  struct Key {
    uint64_t file, part;
    bool operator==(const Key &other) const { return file == other.file && part == other.part; }
  };
  struct Hash {
    size_t operator()(const Key &key) const { return key.file * 0x9E3779B97F4A7C15u ^ key.part; }
  };
  size_t room_;
  std::list<Key> recent_;
  std::unordered_map<Key, std::list<Key>::iterator, Hash> held_;
};

/* The disk and the page cache above it.
 *
 * The device is one pipe for bytes, with `queue_depth` requests under way whose latencies overlap. Dirty
 * bytes rest until the kernel writes them back: when asked to, when they are old, or when there are more
 * than it wants; then they flow, file by file, in time that the pipe has left over. */
struct crocks_disk_model {
 public:
  crocks_disk_model(const crocks_disk_figures &figures, uint64_t seed);

  double append(double now, uint64_t file, uint64_t offset, uint64_t bytes, bool direct);
  void start_writeback(double now, uint64_t file);
  double sync(double now, uint64_t file);
  double read(double now, uint64_t file, uint64_t offset, uint64_t bytes, bool direct);
  void forget(double now, uint64_t file);
  double dirty(double now);

 private:
  struct Dirty {
    double resting = 0, flowing = 0;
    double since = 0;   /* when the first of the resting bytes came */
    double allowed = 0; /* from when on the flowing bytes may flow */
  };
  double advance(double now);
  double transfer(double start, double bytes, double ios);
  void flow(uint64_t file, double from);
  double take(uint64_t file);
  double take_flowing(double most);
  double draw(const crocks_quantile *points, uint32_t count);
  std::vector<double>::iterator free_slot();

  crocks_disk_figures figures_;
  CreditBucket bytes_, ios_;
  PageCache cache_;
  uint64_t random_;
  double now_ = 0, pipe_free_ = 0, resting_ = 0, flowing_ = 0;
  std::vector<double> slots_;
  std::unordered_map<uint64_t, Dirty> dirty_;
  std::list<uint64_t> rest_order_, flow_order_;
};
