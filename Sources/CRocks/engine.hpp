#pragma once
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

struct crocks_db {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle *> families;
  /* The shared one that it was opened with, or null. */
  std::shared_ptr<rocksdb::WriteBufferManager> manager;
  /* Null for a database that nothing is written to. */
  std::shared_ptr<rocksdb::EventListener> listener;
  std::shared_ptr<LogRefusal> refusal;
  /* When a new log was last tried for, CLOCK_MONOTONIC; only the writer touches it. */
  int64_t renewed_ns = 0;
};

/* Begins a new log if the last one refused bytes; what was in memory only is in a table then. */
rocksdb::Status crocks_renew_log(crocks_db *db);

crocks_status crocks_convert(const rocksdb::Status &status);

/* The listener of one database. */
std::shared_ptr<rocksdb::EventListener> crocks_listener(crocks_engine *engine, int32_t shard,
                                                        std::vector<std::string> families);

/* Tells a listener whose counters to look at when writes are held back; null before the database goes. */
void crocks_listener_attach(rocksdb::EventListener *listener, crocks_db *db);
