#pragma once
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/statistics.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
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
  ~crocks_engine() {
    for (const auto &event : events) free(event.message);
  }
};

struct crocks_db {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle *> families;
  /* Null for a database that nothing is written to. */
  std::shared_ptr<rocksdb::EventListener> listener;
};

crocks_status crocks_convert(const rocksdb::Status &status);

/* The listener of one database. */
std::shared_ptr<rocksdb::EventListener> crocks_listener(crocks_engine *engine, int32_t shard,
                                                        std::vector<std::string> families);

/* Tells a listener whose counters to look at when writes are held back; null before the database goes. */
void crocks_listener_attach(rocksdb::EventListener *listener, crocks_db *db);
