#include <string.h>
#include <time.h>

#include <unordered_map>
#include <utility>

#include "engine.hpp"
#include "stalls.hpp"

namespace {

int64_t monotonic_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

int32_t number(rocksdb::WriteStallCondition condition) {
  switch (condition) {
    case rocksdb::WriteStallCondition::kNormal: return 0;
    case rocksdb::WriteStallCondition::kDelayed: return 1;
    case rocksdb::WriteStallCondition::kStopped: return 2;
  }
  return 2;
}

class Listener : public rocksdb::EventListener {
 public:
  Listener(crocks_engine *engine, int32_t shard, std::shared_ptr<crocks_names> families)
      : engine_(engine), shard_(shard), families_(std::move(families)) {}

  void OnFlushBegin(rocksdb::DB *, const rocksdb::FlushJobInfo &info) override {
    crocks_event event = base(CROCKS_FLUSH_BEGIN, info.cf_name);
    event.began_ns = begin(flushes_, info.job_id, event.ended_ns);
    event.job = info.job_id;
    event.reason = static_cast<int32_t>(info.flush_reason);
    engine_->push(event);
  }

  void OnFlushCompleted(rocksdb::DB *, const rocksdb::FlushJobInfo &info) override {
    crocks_event event = base(CROCKS_FLUSH, info.cf_name);
    event.began_ns = take(flushes_, info.job_id, event.ended_ns);
    event.job = info.job_id;
    event.bytes_out = info.table_properties.data_size + info.table_properties.index_size;
    event.files_out = 1;
    event.reason = static_cast<int32_t>(info.flush_reason);
    engine_->push(event);
  }

  void OnCompactionBegin(rocksdb::DB *, const rocksdb::CompactionJobInfo &info) override {
    crocks_event event = compaction(CROCKS_COMPACTION_BEGIN, info);
    event.began_ns = begin(compactions_, info.job_id, event.ended_ns);
    event.files_in = static_cast<int32_t>(info.input_files.size());
    for (const auto &file : info.input_files) {
      auto properties = info.table_properties.find(file);
      if (properties != info.table_properties.end())
        event.bytes_in += properties->second->data_size + properties->second->index_size;
    }
    engine_->push(event);
  }

  void OnCompactionCompleted(rocksdb::DB *, const rocksdb::CompactionJobInfo &info) override {
    crocks_event event = compaction(CROCKS_COMPACTION, info);
    event.began_ns = take(compactions_, info.job_id, event.ended_ns);
    event.condition = static_cast<int32_t>(info.status.code());
    event.bytes_in = info.stats.total_input_bytes;
    event.bytes_out = info.stats.total_output_bytes;
    event.files_in = static_cast<int32_t>(info.stats.num_input_files);
    event.files_out = static_cast<int32_t>(info.stats.num_output_files);
    engine_->push(event);
  }

  /* The only place where a memtable is switched; see StallOrder for why its moment matters. */
  void OnMemTableSealed(const rocksdb::MemTableInfo &info) override {
    std::lock_guard<std::mutex> hold(database_lock_);
    stalls_.sealed(base(CROCKS_STALL, info.cf_name));
  }

  void OnStallConditionsChanged(const rocksdb::WriteStallInfo &info) override {
    crocks_event event = base(CROCKS_STALL, info.cf_name);
    event.condition = number(info.condition.cur);
    event.previous = number(info.condition.prev);
    std::lock_guard<std::mutex> hold(database_lock_);
    stalls_.changed(event, database_, [this](const crocks_event &next) { engine_->push(next); });
  }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status *status) override {
    crocks_event event = base(CROCKS_ERROR, "");
    event.began_ns = event.ended_ns;
    event.reason = static_cast<int32_t>(reason);
    event.condition = static_cast<int32_t>(status->code());
    event.message = strdup(status->ToString().c_str());
    engine_->push(event);
  }

  /* Waits for a callback that is looking at the counters. */
  void attach(crocks_db *db) {
    std::lock_guard<std::mutex> hold(database_lock_);
    if (db == nullptr) stalls_.release([this](const crocks_event &next) { engine_->push(next); });
    database_ = db;
    if (db != nullptr) stalls_.opened(db);
  }

 private:
  using Jobs = std::unordered_map<int, int64_t>;

  crocks_event base(crocks_event_kind kind, const std::string &family) const {
    crocks_event event = {};
    event.kind = kind;
    event.shard = shard_;
    event.column_family = -1;
    {
      std::lock_guard<std::mutex> hold(families_->lock);
      for (size_t i = 0; i < families_->names.size(); i++)
        if (families_->names[i] == family) event.column_family = static_cast<int32_t>(i);
    }
    event.ended_ns = monotonic_ns();
    return event;
  }

  crocks_event compaction(crocks_event_kind kind, const rocksdb::CompactionJobInfo &info) const {
    crocks_event event = base(kind, info.cf_name);
    event.job = info.job_id;
    event.input_level = info.base_input_level;
    event.output_level = info.output_level;
    event.reason = static_cast<int32_t>(info.compaction_reason);
    return event;
  }

  int64_t begin(Jobs &jobs, int id, int64_t now) {
    std::lock_guard<std::mutex> hold(lock_);
    jobs[id] = now;
    return now;
  }

  /* Atomic flush reports one job for several column families, so the beginning is kept until the
   * next job of that number overwrites it; the map is bounded by forgetting old jobs. */
  int64_t take(Jobs &jobs, int id, int64_t otherwise) {
    std::lock_guard<std::mutex> hold(lock_);
    auto found = jobs.find(id);
    int64_t began = found == jobs.end() ? otherwise : found->second;
    for (auto job = jobs.begin(); job != jobs.end();)
      job = job->first < id - 64 ? jobs.erase(job) : std::next(job);
    return began;
  }

  crocks_engine *engine_;
  int32_t shard_;
  std::shared_ptr<crocks_names> families_;
  std::mutex lock_;
  Jobs flushes_, compactions_;
  std::mutex database_lock_;
  crocks_db *database_ = nullptr;
  StallOrder stalls_;
};

}  // namespace

std::shared_ptr<rocksdb::EventListener> crocks_listener(crocks_engine *engine, int32_t shard,
                                                        std::shared_ptr<crocks_names> families) {
  return std::make_shared<Listener>(engine, shard, std::move(families));
}

void crocks_listener_attach(rocksdb::EventListener *listener, crocks_db *db) {
  static_cast<Listener *>(listener)->attach(db);
}
