/* RocksDB behind a C header: several databases on one Env, options as strings, one shared Statistics
 * object, and a listener whose events are kept until somebody takes them.
 *
 * Every function that can fail returns a status; its message, if any, is freed with crocks_free.
 * A database may be used from several threads ("safe for concurrent access from multiple threads",
 * rocksdb/db.h); a batch and an iterator belong to one thread at a time. */
#ifndef CROCKS_H
#define CROCKS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct crocks_engine crocks_engine;
typedef struct crocks_db crocks_db;
typedef struct crocks_batch crocks_batch;
typedef struct crocks_iterator crocks_iterator;

/* `code` is rocksdb::Status::Code, 0 for success; `subcode` is rocksdb::Status::SubCode (4: no space). */
typedef struct {
  int32_t code;
  int32_t subcode;
  char *message;
} crocks_status;

void crocks_free(void *memory);

/* "7.8.3" */
const char *crocks_version(void);

/* ---- what the databases of one process share ---- */

crocks_engine *crocks_engine_create(void);
/* After the last database of the engine is closed. */
void crocks_engine_destroy(crocks_engine *engine);
/* A counter of the shared Statistics by its name in TickersNameMap; -1 if there is none of that name. */
int64_t crocks_engine_ticker(const crocks_engine *engine, const char *name);
/* Threads of the Env's pools, which all databases of the process share. */
void crocks_engine_threads(const crocks_engine *engine, int32_t *high, int32_t *low);

typedef enum {
  CROCKS_FLUSH = 1,       /* a memtable was written to level 0 */
  CROCKS_COMPACTION = 2,  /* a compaction was installed */
  CROCKS_STALL = 3,       /* a column family's write condition changed */
  CROCKS_ERROR = 4        /* a background error */
} crocks_event_kind;

typedef struct {
  int32_t kind;
  int32_t shard;          /* as given to crocks_open */
  int32_t column_family;  /* index in crocks_open's list, -1 if unknown */
  int32_t condition;      /* stall: 0 normal, 1 delayed, 2 stopped; error: rocksdb::Status::Code */
  int64_t began_ns;       /* CLOCK_MONOTONIC; flush and compaction: when the job began */
  int64_t ended_ns;       /* CLOCK_MONOTONIC; stall: the moment of the change */
  uint64_t bytes_in;      /* compaction: read */
  uint64_t bytes_out;     /* flush and compaction: written */
  int32_t input_level;    /* compaction: lowest input level */
  int32_t output_level;
  int32_t files_in;
  int32_t files_out;
  int32_t reason;         /* rocksdb::FlushReason or rocksdb::CompactionReason */
} crocks_event;

/* Moves up to `room` events, oldest first, to `events`; returns how many. */
size_t crocks_engine_take_events(crocks_engine *engine, crocks_event *events, size_t room);

/* ---- one database ---- */

/* Opens or creates the database at `path`. `names` are its column families ("default" first) with one
 * options string each, in RocksDB's own syntax. Unknown options are refused by name. */
crocks_status crocks_open(crocks_engine *engine, const char *path, int32_t shard,
                          const char *db_options, const char *const *names,
                          const char *const *cf_options, size_t families, crocks_db **db);
void crocks_close(crocks_db *db);

/* The options in force after RocksDB's own sanitising, "a=1;b=2;…": of the database
 * (column_family -1) or of a column family with its table's as block_based_table_factory={…}. Freed with
 * crocks_free. */
crocks_status crocks_options(const crocks_db *db, int32_t column_family, char **text);
/* RocksDB's defaults in the same form; of a database if `database`, else of a column family. */
crocks_status crocks_default_options(int32_t database, char **text);

/* An integer property (rocksdb/db.h, DB::Properties); -1 column_family: summed over all. Returns 0 if
 * the property does not exist. */
int32_t crocks_property(const crocks_db *db, int32_t column_family, const char *name, uint64_t *value);

/* A batch for one database, which must outlive it. */
crocks_batch *crocks_batch_create(crocks_db *db);
void crocks_batch_destroy(crocks_batch *batch);
void crocks_batch_clear(crocks_batch *batch);
void crocks_batch_put(crocks_batch *batch, int32_t column_family, const void *key,
                      size_t key_bytes, const void *value, size_t value_bytes);
crocks_status crocks_write(crocks_batch *batch, int32_t sync, int32_t disable_wal);

/* An iterator over one column family, not positioned. */
crocks_iterator *crocks_iterator_create(crocks_db *db, int32_t column_family);
/* The same over the keys from `lower` on and below `upper` (ReadOptions::iterate_lower_bound and
 * iterate_upper_bound): past them it is at its end and reads nothing. The bounds are copied. */
crocks_iterator *crocks_iterator_create_within(crocks_db *db, int32_t column_family,
                                               const void *lower, size_t lower_bytes,
                                               const void *upper, size_t upper_bytes);
void crocks_iterator_destroy(crocks_iterator *iterator);
void crocks_iterator_seek(crocks_iterator *iterator, const void *key, size_t key_bytes);
void crocks_iterator_next(crocks_iterator *iterator);
/* Lends the current pair; returns 0 when there is none. The bytes die with the next move. */
int32_t crocks_iterator_current(const crocks_iterator *iterator, const uint8_t **key,
                                size_t *key_bytes, const uint8_t **value, size_t *value_bytes);
/* Why the iterator ended: success at the end of the data. */
crocks_status crocks_iterator_status(const crocks_iterator *iterator);

/* ---- the raw loop that the benchmark compares with ---- */

/* Writes `count` batches of pre-encoded puts, one after the other, with nothing around rocksdb::Write.
 * `puts` holds, for each put: column family (u32), key bytes (u32), value bytes (u32), key, value, all
 * little-endian; batch i has `sizes[i]` puts and goes to databases[targets[i]]. */
crocks_status crocks_raw_loop(crocks_db *const *databases, const uint32_t *targets,
                              const uint32_t *sizes, size_t count, const uint8_t *puts,
                              size_t puts_bytes);

#ifdef __cplusplus
}
#endif
#endif
