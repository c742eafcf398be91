#pragma once
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/statistics.h>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "filesystem.hpp"
#include "include/crocks.h"

/* What the databases of one process share. */
struct crocks_engine {
  /* Both null without a disk: then nothing stands between RocksDB and its own file system. The composite
   * Env keeps the thread pools of Env::Default(). */
  std::shared_ptr<DiskFileSystem> disk;
  std::unique_ptr<rocksdb::Env> composed;
  rocksdb::Env *env = rocksdb::Env::Default();
  std::shared_ptr<rocksdb::Statistics> statistics = rocksdb::CreateDBStatistics();
  std::mutex lock;
  std::deque<crocks_event> events;
  void push(const crocks_event &event) {
    std::lock_guard<std::mutex> hold(lock);
    events.push_back(event);
  }
};

struct crocks_db {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle *> families;
};

crocks_status crocks_convert(const rocksdb::Status &status);

/* The listener of one database. */
std::shared_ptr<rocksdb::EventListener> crocks_listener(crocks_engine *engine, int32_t shard,
                                                        std::vector<std::string> families);
