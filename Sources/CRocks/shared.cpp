#include "engine.hpp"

extern "C" {

void crocks_engine_share(crocks_engine *engine, uint64_t write_buffer_bytes,
                         int64_t bytes_per_second) {
  engine->manager.reset();
  engine->limiter.reset();
  /* Without a cache to charge and without stalls of its own: it only makes databases flush. */
  if (write_buffer_bytes > 0)
    engine->manager = std::make_shared<rocksdb::WriteBufferManager>(
        static_cast<size_t>(write_buffer_bytes), nullptr, false);
  if (bytes_per_second > 0) engine->limiter.reset(rocksdb::NewGenericRateLimiter(bytes_per_second));
}

void crocks_engine_yield_threads(crocks_engine *engine) {
  for (auto pool : {rocksdb::Env::Priority::HIGH, rocksdb::Env::Priority::LOW})
    engine->env->LowerThreadPoolCPUPriority(pool, rocksdb::CpuPriority::kLow).PermitUncheckedError();
}

void crocks_engine_set_threads(crocks_engine *engine, int32_t high, int32_t low) {
  if (high > 0) engine->env->SetBackgroundThreads(high, rocksdb::Env::Priority::HIGH);
  if (low > 0) engine->env->SetBackgroundThreads(low, rocksdb::Env::Priority::LOW);
}

void crocks_shared(const crocks_db *db, uint64_t *write_buffer_bytes, int64_t *bytes_per_second) {
  rocksdb::DBOptions options = db->db->GetDBOptions();
  /* A database without a shared manager has one of its own, of the size db_write_buffer_size. */
  const bool shares = db->manager && options.write_buffer_manager == db->manager;
  *write_buffer_bytes = shares ? options.write_buffer_manager->buffer_size() : 0;
  *bytes_per_second = options.rate_limiter ? options.rate_limiter->GetBytesPerSecond() : 0;
}

}  // extern "C"
