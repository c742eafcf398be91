#include "include/crocks.h"

#include <rocksdb/convenience.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "engine.hpp"

using rocksdb::Slice;
using rocksdb::Status;

struct crocks_batch {
  crocks_db *db;
  rocksdb::WriteBatch batch;
};

struct crocks_iterator {
  /* ReadOptions keeps pointers to the bounds: they must outlive the iterator, so they stand before it. */
  std::string lower, upper;
  Slice lower_slice, upper_slice;
  std::unique_ptr<rocksdb::Iterator> iterator;
};

crocks_status crocks_convert(const Status &status) {
  crocks_status result = {0, 0, nullptr};
  if (status.ok()) return result;
  result.code = static_cast<int32_t>(status.code());
  result.subcode = static_cast<int32_t>(status.subcode());
  result.message = strdup(status.ToString().c_str());
  return result;
}

static Slice slice(const void *bytes, size_t count) {
  return Slice(static_cast<const char *>(bytes), count);
}

/* Options that this library does not know are errors, never silently skipped. */
rocksdb::ConfigOptions crocks_strict() {
  rocksdb::ConfigOptions config;
  config.ignore_unknown_options = false;
  config.input_strings_escaped = true;
  config.delimiter = ";";
  return config;
}

extern "C" {

void crocks_free(void *memory) { free(memory); }

const char *crocks_version(void) {
  static const std::string version = rocksdb::GetRocksVersionAsString(true);
  return version.c_str();
}

crocks_engine *crocks_engine_create(int32_t observing) {
  auto engine = new crocks_engine();
  if (observing) {
    engine->statistics = rocksdb::CreateDBStatistics();
    engine->env = crocks_env();
  }
  return engine;
}

void crocks_engine_destroy(crocks_engine *engine) { delete engine; }

int64_t crocks_engine_ticker(const crocks_engine *engine, const char *name) {
  if (!engine->statistics) return -1;
  for (const auto &ticker : rocksdb::TickersNameMap)
    if (ticker.second == name)
      return static_cast<int64_t>(engine->statistics->getTickerCount(ticker.first));
  return -1;
}

int32_t crocks_engine_histogram(const crocks_engine *engine, const char *name,
                                crocks_histogram *histogram) {
  if (!engine->statistics) return 0;
  for (const auto &known : rocksdb::HistogramsNameMap) {
    if (known.second != name) continue;
    rocksdb::HistogramData data;
    engine->statistics->histogramData(known.first, &data);
    *histogram = {data.median, data.percentile95, data.percentile99, data.average,
                  data.standard_deviation, data.min, data.max, data.count, data.sum};
    return 1;
  }
  return 0;
}

void crocks_engine_threads(const crocks_engine *engine, int32_t *high, int32_t *low) {
  *high = engine->env->GetBackgroundThreads(rocksdb::Env::Priority::HIGH);
  *low = engine->env->GetBackgroundThreads(rocksdb::Env::Priority::LOW);
}

size_t crocks_engine_take_events(crocks_engine *engine, crocks_event *events, size_t room) {
  std::lock_guard<std::mutex> hold(engine->lock);
  size_t count = 0;
  while (count < room && !engine->events.empty()) {
    events[count++] = engine->events.front();
    engine->events.pop_front();
  }
  return count;
}

crocks_status crocks_open(crocks_engine *engine, const char *path, int32_t shard,
                          const char *db_options, const char *const *names,
                          const char *const *cf_options, size_t families, crocks_db **db) {
  rocksdb::DBOptions options;
  Status status = rocksdb::GetDBOptionsFromString(crocks_strict(), rocksdb::DBOptions(), db_options, &options);
  if (!status.ok()) return crocks_convert(status);
  options.env = engine->env;
  options.statistics = engine->statistics;
  if (engine->manager) options.write_buffer_manager = engine->manager;
  if (engine->limiter) options.rate_limiter = engine->limiter;

  auto opened = std::make_unique<crocks_db>();
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (size_t i = 0; i < families; i++) {
    rocksdb::ColumnFamilyOptions family;
    status = rocksdb::GetColumnFamilyOptionsFromString(crocks_strict(), rocksdb::ColumnFamilyOptions(),
                                                       cf_options[i], &family);
    if (!status.ok()) return crocks_convert(status);
    opened->names->names.push_back(names[i]);
    descriptors.emplace_back(names[i], family);
  }
  opened->refusal = crocks_log_refusal(path);
  if (engine->statistics) {
    opened->listener = crocks_listener(engine, shard, opened->names);
    options.listeners.push_back(opened->listener);
  }

  rocksdb::DB *raw = nullptr;
  status = rocksdb::DB::Open(options, path, descriptors, &opened->families, &raw);
  if (!status.ok()) return crocks_convert(status);
  opened->families.reserve(std::max(crocks_families_limit, families));
  opened->db.reset(raw);
  opened->manager = engine->manager;
  if (opened->listener) crocks_listener_attach(opened->listener.get(), opened.get());
  *db = opened.release();
  return crocks_convert(Status::OK());
}

void crocks_close(crocks_db *db) {
  if (db->listener) crocks_listener_attach(db->listener.get(), nullptr);
  for (auto *family : db->families)
    if (family != nullptr) db->db->DestroyColumnFamilyHandle(family);
  db->db->Close().PermitUncheckedError();
  delete db;
}

crocks_status crocks_options(const crocks_db *db, int32_t column_family, char **text) {
  std::string options;
  Status status;
  if (column_family < 0) {
    status = rocksdb::GetStringFromDBOptions(crocks_strict(), db->db->GetDBOptions(), &options);
  } else {
    std::shared_lock<std::shared_mutex> hold(db->families_lock);
    if (db->families[column_family] == nullptr)
      return crocks_convert(Status::ColumnFamilyDropped());
    rocksdb::Options family = db->db->GetOptions(db->families[column_family]);
    status = rocksdb::GetStringFromColumnFamilyOptions(crocks_strict(), family, &options);
    std::string table;
    if (status.ok()) status = family.table_factory->GetOptionString(crocks_strict(), &table);
    options += "block_based_table_factory={" + table + "};";
  }
  if (status.ok()) *text = strdup(options.c_str());
  return crocks_convert(status);
}

crocks_status crocks_default_options(int32_t database, char **text) {
  std::string options;
  Status status = database ? rocksdb::GetStringFromDBOptions(crocks_strict(), rocksdb::DBOptions(), &options)
                           : rocksdb::GetStringFromColumnFamilyOptions(
                                 crocks_strict(), rocksdb::ColumnFamilyOptions(), &options);
  if (status.ok()) *text = strdup(options.c_str());
  return crocks_convert(status);
}

/* Some properties that are numbers are only given as text (rocksdb.num-files-at-level<N>). */
static bool number(rocksdb::DB *db, rocksdb::ColumnFamilyHandle *family, const char *name,
                   uint64_t *value) {
  if (db->GetIntProperty(family, name, value)) return true;
  std::string text;
  if (!db->GetProperty(family, name, &text) || text.empty()) return false;
  char *end = nullptr;
  *value = strtoull(text.c_str(), &end, 10);
  return *end == '\0';
}

int32_t crocks_property(const crocks_db *db, int32_t column_family, const char *name,
                        uint64_t *value) {
  std::shared_lock<std::shared_mutex> hold(db->families_lock);
  if (column_family >= 0)
    return db->families[column_family] != nullptr &&
           number(db->db.get(), db->families[column_family], name, value);
  *value = 0;
  for (auto *family : db->families) {
    if (family == nullptr) continue;
    uint64_t part = 0;
    if (!number(db->db.get(), family, name, &part)) return 0;
    *value += part;
  }
  return 1;
}

crocks_batch *crocks_batch_create(crocks_db *db) { return new crocks_batch{db, rocksdb::WriteBatch()}; }

void crocks_batch_destroy(crocks_batch *batch) { delete batch; }

void crocks_batch_clear(crocks_batch *batch) { batch->batch.Clear(); }

void crocks_batch_put(crocks_batch *batch, int32_t column_family, const void *key,
                      size_t key_bytes, const void *value, size_t value_bytes) {
  /* Put into a batch fails only for a batch with a size limit or a missing column family. */
  batch->batch
      .Put(batch->db->families[column_family], slice(key, key_bytes), slice(value, value_bytes))
      .PermitUncheckedError();
}

void crocks_batch_delete(crocks_batch *batch, int32_t column_family, const void *key,
                         size_t key_bytes) {
  /* As for Put. */
  batch->batch.Delete(batch->db->families[column_family], slice(key, key_bytes))
      .PermitUncheckedError();
}

crocks_status crocks_write(crocks_batch *batch, int32_t sync, int32_t disable_wal,
                           int32_t no_slowdown) {
  rocksdb::WriteOptions options;
  options.sync = sync != 0;
  options.disableWAL = disable_wal != 0;
  options.no_slowdown = no_slowdown != 0;
  crocks_db *db = batch->db;
  if (disable_wal != 0) return crocks_convert(db->db->Write(options, &batch->batch));
  /* Renewing it is waiting for the disk. */
  Status status = no_slowdown != 0 ? db->refusal->status() : crocks_renew_log(db);
  if (status.ok()) status = db->db->Write(options, &batch->batch);
  if (status.ok()) status = db->refusal->status();
  return crocks_convert(status);
}

crocks_iterator *crocks_iterator_create(crocks_db *db, int32_t column_family) {
  auto iterator = new crocks_iterator();
  /* An iterator keeps what it needs of a column family; only its making must not meet a drop. */
  std::shared_lock<std::shared_mutex> hold(db->families_lock);
  auto *family = db->families[column_family];
  iterator->iterator.reset(family == nullptr
                               ? rocksdb::NewEmptyIterator()
                               : db->db->NewIterator(rocksdb::ReadOptions(), family));
  return iterator;
}

crocks_iterator *crocks_iterator_create_within(crocks_db *db, int32_t column_family,
                                               const void *lower, size_t lower_bytes,
                                               const void *upper, size_t upper_bytes,
                                               int32_t in_memory) {
  auto iterator = new crocks_iterator();
  iterator->lower.assign(static_cast<const char *>(lower), lower_bytes);
  iterator->upper.assign(static_cast<const char *>(upper), upper_bytes);
  iterator->lower_slice = Slice(iterator->lower);
  iterator->upper_slice = Slice(iterator->upper);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &iterator->lower_slice;
  options.iterate_upper_bound = &iterator->upper_slice;
  if (in_memory != 0) options.read_tier = rocksdb::kBlockCacheTier;
  std::shared_lock<std::shared_mutex> hold(db->families_lock);
  auto *family = db->families[column_family];
  iterator->iterator.reset(family == nullptr ? rocksdb::NewEmptyIterator()
                                             : db->db->NewIterator(options, family));
  return iterator;
}

void crocks_iterator_destroy(crocks_iterator *iterator) { delete iterator; }

void crocks_iterator_seek(crocks_iterator *iterator, const void *key, size_t key_bytes) {
  iterator->iterator->Seek(slice(key, key_bytes));
}

void crocks_iterator_next(crocks_iterator *iterator) { iterator->iterator->Next(); }

int32_t crocks_iterator_current(const crocks_iterator *iterator, const uint8_t **key,
                                size_t *key_bytes, const uint8_t **value, size_t *value_bytes) {
  if (!iterator->iterator->Valid()) return 0;
  Slice k = iterator->iterator->key(), v = iterator->iterator->value();
  *key = reinterpret_cast<const uint8_t *>(k.data());
  *key_bytes = k.size();
  *value = reinterpret_cast<const uint8_t *>(v.data());
  *value_bytes = v.size();
  return 1;
}

crocks_status crocks_iterator_status(const crocks_iterator *iterator) {
  return crocks_convert(iterator->iterator->status());
}

crocks_status crocks_raw_loop(crocks_db *const *databases, const uint32_t *targets,
                              const uint32_t *sizes, size_t count, const uint8_t *puts,
                              size_t puts_bytes) {
  const uint8_t *at = puts, *end = puts + puts_bytes;
  rocksdb::WriteBatch batch;
  for (size_t i = 0; i < count; i++) {
    crocks_db *db = databases[targets[i]];
    batch.Clear();
    for (uint32_t put = 0; put < sizes[i]; put++) {
      uint32_t head[3];
      if (static_cast<size_t>(end - at) < sizeof head)
        return crocks_convert(Status::InvalidArgument("raw loop: puts end early"));
      memcpy(head, at, sizeof head);
      at += sizeof head;
      if (static_cast<size_t>(end - at) < static_cast<size_t>(head[1]) + head[2])
        return crocks_convert(Status::InvalidArgument("raw loop: puts end early"));
      Status status = batch.Put(db->families[head[0]], slice(at, head[1]), slice(at + head[1], head[2]));
      if (!status.ok()) return crocks_convert(status);
      at += head[1] + head[2];
    }
    Status status = db->db->Write(rocksdb::WriteOptions(), &batch);
    if (!status.ok()) return crocks_convert(status);
  }
  return crocks_convert(Status::OK());
}

}  // extern "C"
