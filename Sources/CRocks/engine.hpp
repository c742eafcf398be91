#pragma once
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/statistics.h>

#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "include/crocks.h"

/* What the databases of one process share. */
struct crocks_engine {
  rocksdb::Env *env = rocksdb::Env::Default();
  std::shared_ptr<rocksdb::Statistics> statistics = rocksdb::CreateDBStatistics();
  std::mutex lock;
  std::deque<crocks_event> events;
  void push(const crocks_event &event) {
    std::lock_guard<std::mutex> hold(lock);
    events.push_back(event);
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
};

/* Column families that a database may have in the life of one process, dropped ones included: two for
 * each generation. */
constexpr size_t crocks_families_limit = 4096;

crocks_status crocks_convert(const rocksdb::Status &status);
/* How option strings are read: what this library does not know is an error. */
rocksdb::ConfigOptions crocks_strict();

/* The listener of one database. */
std::shared_ptr<rocksdb::EventListener> crocks_listener(crocks_engine *engine, int32_t shard,
                                                        std::shared_ptr<crocks_names> families);
