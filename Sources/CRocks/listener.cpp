#include <time.h>

#include <unordered_map>
#include <utility>

#include "engine.hpp"

namespace {

int64_t monotonic_ns() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<int64_t>(time.tv_sec) * 1000000000 + time.tv_nsec;
}

class Listener : public rocksdb::EventListener {
 public:
  Listener(crocks_engine *engine, int32_t shard, std::shared_ptr<crocks_names> families)
      : engine_(engine), shard_(shard), families_(std::move(families)) {}

  void OnFlushBegin(rocksdb::DB *, const rocksdb::FlushJobInfo &info) override {
    begin(flushes_, info.job_id);
  }

  void OnFlushCompleted(rocksdb::DB *, const rocksdb::FlushJobInfo &info) override {
    crocks_event event = base(CROCKS_FLUSH, info.cf_name);
    event.began_ns = take(flushes_, info.job_id, event.ended_ns);
    event.bytes_out = info.table_properties.data_size + info.table_properties.index_size;
    event.files_out = 1;
    event.reason = static_cast<int32_t>(info.flush_reason);
    engine_->push(event);
  }

  void OnCompactionBegin(rocksdb::DB *, const rocksdb::CompactionJobInfo &info) override {
    begin(compactions_, info.job_id);
  }

  void OnCompactionCompleted(rocksdb::DB *, const rocksdb::CompactionJobInfo &info) override {
    crocks_event event = base(CROCKS_COMPACTION, info.cf_name);
    event.began_ns = take(compactions_, info.job_id, event.ended_ns);
    event.condition = static_cast<int32_t>(info.status.code());
    event.bytes_in = info.stats.total_input_bytes;
    event.bytes_out = info.stats.total_output_bytes;
    event.input_level = info.base_input_level;
    event.output_level = info.output_level;
    event.files_in = static_cast<int32_t>(info.stats.num_input_files);
    event.files_out = static_cast<int32_t>(info.stats.num_output_files);
    event.reason = static_cast<int32_t>(info.compaction_reason);
    engine_->push(event);
  }

  void OnStallConditionsChanged(const rocksdb::WriteStallInfo &info) override {
    crocks_event event = base(CROCKS_STALL, info.cf_name);
    event.began_ns = event.ended_ns;
    switch (info.condition.cur) {
      case rocksdb::WriteStallCondition::kNormal: event.condition = 0; break;
      case rocksdb::WriteStallCondition::kDelayed: event.condition = 1; break;
      case rocksdb::WriteStallCondition::kStopped: event.condition = 2; break;
    }
    engine_->push(event);
  }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status *status) override {
    crocks_event event = base(CROCKS_ERROR, "");
    event.began_ns = event.ended_ns;
    event.reason = static_cast<int32_t>(reason);
    event.condition = static_cast<int32_t>(status->code());
    engine_->push(event);
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

  void begin(Jobs &jobs, int id) {
    std::lock_guard<std::mutex> hold(lock_);
    jobs[id] = monotonic_ns();
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
};

}  // namespace

std::shared_ptr<rocksdb::EventListener> crocks_listener(crocks_engine *engine, int32_t shard,
                                                        std::shared_ptr<crocks_names> families) {
  return std::make_shared<Listener>(engine, shard, std::move(families));
}
