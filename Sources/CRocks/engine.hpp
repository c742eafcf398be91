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

#include "include/crocks.h"
#include "patient.hpp"

/* What the databases of one process share. */
struct crocks_engine {
  rocksdb::Env *env = crocks_env();
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
