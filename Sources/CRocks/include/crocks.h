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

/* Without `observing` its databases have no Statistics and no listener. */
crocks_engine *crocks_engine_create(int32_t observing);
/* After the last database of the engine is closed. */
void crocks_engine_destroy(crocks_engine *engine);
/* A counter of the shared Statistics by its name in TickersNameMap; -1 if there is none of that name. */
int64_t crocks_engine_ticker(const crocks_engine *engine, const char *name);
/* Threads of the Env's pools, which all databases of the process share. */
void crocks_engine_threads(const crocks_engine *engine, int32_t *high, int32_t *low);

/* What the databases opened after this call share, until the next call: a manager that makes them flush
 * when their memtables together exceed `write_buffer_bytes`, and a limit on what flushes and compactions
 * write. 0 is none of it. */
void crocks_engine_share(crocks_engine *engine, uint64_t write_buffer_bytes,
                         int64_t bytes_per_second);
/* Sets the pools of the Env for flushes (high) and compactions (low), also to fewer threads; 0 leaves a
 * pool as it is. Opening a database only ever makes them grow. */
void crocks_engine_set_threads(crocks_engine *engine, int32_t high, int32_t low);
/* Lowers the priority of the threads of both pools, of the whole process and for good. */
void crocks_engine_yield_threads(crocks_engine *engine);
typedef struct {
  double median, p95, p99, average, standard_deviation, minimum, maximum;
  uint64_t count, sum;
} crocks_histogram;

/* A histogram of the shared Statistics by its name in HistogramsNameMap, in RocksDB's unit (times are
 * microseconds); 0 if there is none of that name. */
int32_t crocks_engine_histogram(const crocks_engine *engine, const char *name,
                                crocks_histogram *histogram);

typedef enum {
  CROCKS_FLUSH = 1,            /* a memtable was written to level 0 */
  CROCKS_COMPACTION = 2,       /* a compaction was installed */
  CROCKS_STALL = 3,            /* a column family's write condition changed */
  CROCKS_ERROR = 4,            /* a background error */
  CROCKS_FLUSH_BEGIN = 5,
  CROCKS_COMPACTION_BEGIN = 6
} crocks_event_kind;

/* Why writes are held back, as far as the per-cause counters of rocksdb.cfstats tell. */
typedef enum {
  CROCKS_CAUSE_UNKNOWN = 0,    /* no counter grew, or several did */
  CROCKS_CAUSE_MEMTABLES = 1,
  CROCKS_CAUSE_LEVEL0 = 2,
  CROCKS_CAUSE_PENDING_BYTES = 3
} crocks_stall_cause;

typedef struct {
  int32_t kind;
  int32_t shard;          /* as given to crocks_open */
  int32_t column_family;  /* index in crocks_open's list, -1 if unknown */
  int32_t condition;      /* stall: 0 normal, 1 delayed, 2 stopped; error and compaction: Status::Code */
  int32_t previous;       /* stall: the condition before */
  int32_t job;            /* flush and compaction: RocksDB's number of the job */
  int64_t began_ns;       /* CLOCK_MONOTONIC; flush and compaction: when the job began */
  int64_t ended_ns;       /* CLOCK_MONOTONIC; stall and beginnings: the moment itself */
  uint64_t bytes_in;      /* compaction: read, or at its beginning to be read */
  uint64_t bytes_out;     /* flush and compaction: written */
  int32_t input_level;    /* compaction: lowest input level */
  int32_t output_level;
  int32_t files_in;
  int32_t files_out;
  int32_t reason;         /* FlushReason, CompactionReason or BackgroundErrorReason; stall: a
                             crocks_stall_cause, inferred */
  char *message;          /* error: RocksDB's text, freed with crocks_free; else null */
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

/* ---- a database that somebody else wrote ---- */

/* The names of the column families of the database at `path`, each ended by a zero byte, `bytes` in all,
 * freed with crocks_free. Takes no lock and writes nothing. */
crocks_status crocks_list_families(const char *path, char **names, size_t *bytes);
/* Opens the database for reading with RocksDB's default options: no lock, no log file, no byte written.
 * `warnings`, set also on failure and freed with crocks_free, is what RocksDB complained of, a line each;
 * of what the database's write-ahead log holds, the readable part is read into memory. */
crocks_status crocks_open_read_only(const char *path, const char *const *names, size_t families,
                                    crocks_db **db, char **warnings);

typedef struct {
  int32_t level;
  int32_t files;
  uint64_t bytes;
} crocks_level;

/* The levels of a column family, from 0; returns how many. */
size_t crocks_levels(const crocks_db *db, int32_t column_family, crocks_level *levels, size_t room);

/* The options in force after RocksDB's own sanitising, "a=1;b=2;…": of the database
 * (column_family -1) or of a column family with its table's as block_based_table_factory={…}. Freed with
 * crocks_free. */
crocks_status crocks_options(const crocks_db *db, int32_t column_family, char **text);
/* What this database shares with others, read from its options; 0 for what it does not. */
void crocks_shared(const crocks_db *db, uint64_t *write_buffer_bytes, int64_t *bytes_per_second);
/* RocksDB's defaults in the same form; of a database if `database`, else of a column family. */
crocks_status crocks_default_options(int32_t database, char **text);

/* An integer property (rocksdb/db.h, DB::Properties); -1 column_family: summed over all. Returns 0 if
 * the property does not exist. */
int32_t crocks_property(const crocks_db *db, int32_t column_family, const char *name, uint64_t *value);

/* Writes the memtables of all column families to level 0 and waits for it. */
crocks_status crocks_flush(crocks_db *db);
/* Takes writes again after a background error whose cause is gone. Code 11 (busy) while RocksDB is
 * already trying by itself, as it does when a disk was full. */
crocks_status crocks_resume(crocks_db *db);
/* Creates a column family beside those that are open; its index is never used again. A batch may use it
 * once this has returned. */
crocks_status crocks_create_family(crocks_db *db, const char *name, const char *cf_options,
                                   int32_t *column_family);
/* Drops a column family with its files, without tombstones. No batch may hold puts for it any more;
 * iterators that are open stay valid, later ones find nothing. Dropping it twice does nothing. */
crocks_status crocks_drop_family(crocks_db *db, int32_t column_family);
/* Makes what was written to the write-ahead log so far survive a loss of power. */
crocks_status crocks_sync_wal(crocks_db *db);

/* A batch for one database, which must outlive it. */
crocks_batch *crocks_batch_create(crocks_db *db);
void crocks_batch_destroy(crocks_batch *batch);
void crocks_batch_clear(crocks_batch *batch);
void crocks_batch_put(crocks_batch *batch, int32_t column_family, const void *key,
                      size_t key_bytes, const void *value, size_t value_bytes);
void crocks_batch_delete(crocks_batch *batch, int32_t column_family, const void *key,
                         size_t key_bytes);
/* With no_slowdown a write that would have to wait for flushes or compactions is refused instead (kIncomplete). */
crocks_status crocks_write(crocks_batch *batch, int32_t sync, int32_t disable_wal,
                           int32_t no_slowdown);

/* From now on the calling thread takes the time for which its writes are held back. */
void crocks_time_stalls(void);
/* That time since then, nanoseconds: RocksDB slowed the calling thread's writes down or stopped them because
 * flushes or compactions were behind. */
uint64_t crocks_stalled_ns(void);

/* Flushes these column families together and waits: all of them are in level 0, or the error. */
crocks_status crocks_flush_families(crocks_db *db, const int32_t *families, size_t count);

/* An iterator over one column family, not positioned. */
crocks_iterator *crocks_iterator_create(crocks_db *db, int32_t column_family);
/* The same over the keys from `lower` on and below `upper` (ReadOptions::iterate_lower_bound and
 * iterate_upper_bound): past them it is at its end and reads nothing. The bounds are copied. */
crocks_iterator *crocks_iterator_create_within(crocks_db *db, int32_t column_family,
                                               const void *lower, size_t lower_bytes,
                                               const void *upper, size_t upper_bytes,
                                               int32_t in_memory);
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
