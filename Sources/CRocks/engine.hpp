#pragma once
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_buffer_manager.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "filesystem.hpp"
#include "include/crocks.h"
#include "patient.hpp"

/* What the databases of one process share. */
struct crocks_engine {
  /* Both null without a disk. An engine that observes nothing has nothing between RocksDB and its own file
   * system. A composite Env keeps the thread pools of Env::Default(). */
  std::shared_ptr<DiskFileSystem> disk;
  std::unique_ptr<rocksdb::Env> composed;
  rocksdb::Env *env = rocksdb::Env::Default();
  /* Null for an engine that does not observe. */
  std::shared_ptr<rocksdb::Statistics> statistics;
  std::mutex lock;
  std::deque<crocks_event> events;
  /* What databases opened from now on share; null for what each has of its own. */
  std::shared_ptr<rocksdb::WriteBufferManager> manager;
  std::shared_ptr<rocksdb::RateLimiter> limiter;
  void push(const crocks_event &event) {
    std::lock_guard<std::mutex> hold(lock);
    events.push_back(event);
  }
  ~crocks_engine() {
    for (const auto &event : events) free(event.message);
  }
};

/* Names of a database's column families by index, which its listener needs too. Only ever grows. */
struct crocks_names {
  std::mutex lock;
  std::vector<std::string> names;
};

struct crocks_db {
  std::unique_ptr<rocksdb::DB> db;
  /* By index; a dropped one is null and its index is never used again. Memory is reserved at opening, so
   * that reading one element needs no lock while another is appended. */
  std::vector<rocksdb::ColumnFamilyHandle *> families;
  /* Shared: a handle is in use, or all are walked. Exclusive: one is created or dropped. */
  mutable std::shared_mutex families_lock;
  std::shared_ptr<crocks_names> names = std::make_shared<crocks_names>();
  /* The shared one that it was opened with, or null. */
  std::shared_ptr<rocksdb::WriteBufferManager> manager;
  /* Null for a database that is not observed. */
  std::shared_ptr<rocksdb::EventListener> listener;
  std::shared_ptr<LogRefusal> refusal;
  /* When a new log was last tried for, CLOCK_MONOTONIC; only the writer touches it. */
  int64_t renewed_ns = 0;
};

/* Column families that a database may have in the life of one process, dropped ones included: two for
 * each generation. */
constexpr size_t crocks_families_limit = 4096;

/* Begins a new log if the last one refused bytes; what was in memory only is in a table then. */
rocksdb::Status crocks_renew_log(crocks_db *db);

crocks_status crocks_convert(const rocksdb::Status &status);
/* How option strings are read: what this library does not know is an error. */
rocksdb::ConfigOptions crocks_strict();

/* The listener of one database. */
std::shared_ptr<rocksdb::EventListener> crocks_listener(crocks_engine *engine, int32_t shard,
                                                        std::shared_ptr<crocks_names> families);

/* Tells a listener whose counters to look at when writes are held back; null before the database goes. */
void crocks_listener_attach(rocksdb::EventListener *listener, crocks_db *db);
