/* The disk under an engine: a file system that counts what reaches it, takes the time of a declared device,
 * fails when it is told to, and keeps what a power loss would take back; and files of our own that go
 * through the same one as RocksDB's. */
#ifndef CROCKS_DISK_H
#define CROCKS_DISK_H

#include "crocks.h"
#include "crocks_disk_model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct crocks_disk crocks_disk;
typedef struct crocks_file crocks_file;

/* What a file is for, by its name (rocksdb/db/filename.cc has RocksDB's), or because it was opened with
 * crocks_file_*. */
typedef enum {
  CROCKS_WAL = 0,        /* 000012.log */
  CROCKS_SST = 1,        /* 000013.sst */
  CROCKS_MANIFEST = 2,   /* MANIFEST-000004, CURRENT and the file that becomes CURRENT */
  CROCKS_SHARED_LOG = 3, /* files of crocks_file_create */
  CROCKS_OTHER = 4,      /* LOG, OPTIONS, IDENTITY, LOCK */
  CROCKS_DIRECTORY = 5   /* only synced */
} crocks_file_kind;
enum { CROCKS_FILE_KINDS = 6 };

typedef struct {
  uint64_t creates;
  uint64_t appends;
  uint64_t append_bytes;
  uint64_t syncs;
  uint64_t reads;
  uint64_t read_bytes;
  uint64_t renames; /* by the kind of the new name */
  uint64_t removes;
  uint64_t added_ns; /* time that the declared device or a fault added, over all threads */
} crocks_disk_counts;

/* ---- the disk ---- */

/* `figures`: of the device that it is to behave like, with the seed of its draws; null for the real one's
 * own behaviour. */
crocks_disk *crocks_disk_create(const crocks_disk_figures *figures, uint64_t seed);
/* The engine keeps what it needs of the disk; this only gives back the caller's part. */
void crocks_disk_destroy(crocks_disk *disk);
/* What succeeded so far on files of `kind`. */
crocks_disk_counts crocks_disk_count(const crocks_disk *disk, int32_t kind);

/* ---- faults, switched on and off while databases run ---- */

typedef enum {
  CROCKS_ON_APPEND = 1,
  CROCKS_ON_SYNC = 2,
  CROCKS_ON_READ = 4,
  CROCKS_ON_NAME = 8 /* a file is created, renamed or removed */
} crocks_operation;

typedef enum {
  CROCKS_NO_SPACE = 1,    /* what fits of an append is written, then there is no more */
  CROCKS_IO_ERROR = 2,    /* nothing is written or read */
  CROCKS_SHORT_WRITE = 3, /* half of an append is written, then an error */
  CROCKS_SLOW = 4         /* succeeds after `delay_ns` */
} crocks_fault_effect;

typedef struct {
  uint32_t kinds;            /* bits 1 << crocks_file_kind */
  uint32_t operations;       /* bits of crocks_operation */
  int32_t effect;            /* crocks_fault_effect */
  uint64_t after_operations; /* the first that many go well */
  uint64_t after_bytes;      /* the appends that fit into that many go well */
  uint64_t times;            /* then so many fail; 0: until the fault is removed */
  int64_t delay_ns;
} crocks_fault;

/* Returns the number of the fault. */
int32_t crocks_disk_add_fault(crocks_disk *disk, const crocks_fault *fault);
void crocks_disk_remove_fault(crocks_disk *disk, int32_t fault);
/* How many operations met it. */
uint64_t crocks_disk_fault_hits(const crocks_disk *disk, int32_t fault);

/* ---- power loss ---- */

/* Notes in `journal`, which is made or continued, what a power loss would take back. Before the first
 * engine of the disk is created. The journal and the two entries beside it, named after it, have to be on
 * the file system of the databases and outside their directories. */
crocks_status crocks_disk_keep_journal(crocks_disk *disk, const char *journal);
/* From now on nothing reaches the disk: every write, sync and change of a name is an I/O error. What runs
 * on it can only be closed. */
void crocks_disk_power_off(crocks_disk *disk);

typedef struct {
  uint64_t files_cut; /* at the length up to which they were synced */
  uint64_t bytes;     /* cut off */
  uint64_t names;     /* created, renamed or removed, and undone */
} crocks_loss;

/* Undoes on the real files what was not durable and ends the journal. Nobody may have the files open. If it
 * fails it can be done again. */
crocks_status crocks_lose_power(const char *journal, crocks_loss *loss);

/* As crocks_engine_create, with every file of its databases on `disk`. */
crocks_engine *crocks_engine_create_on(crocks_disk *disk);

/* O_DIRECT, which is another number on each architecture and which Swift does not see. */
int32_t crocks_open_direct(void);

/* ---- files of our own, through the engine's file system ---- */

/* A new file; refused if there is one of that name. */
crocks_status crocks_file_create(crocks_engine *engine, const char *path, crocks_file **file);
/* A file to be continued at its end; made if it is missing. */
crocks_status crocks_file_reopen(crocks_engine *engine, const char *path, crocks_file **file);
crocks_status crocks_file_append(crocks_file *file, const void *bytes, size_t count);
/* fdatasync. */
crocks_status crocks_file_sync(crocks_file *file);
/* Bytes in the file, what was there when it was reopened included. */
uint64_t crocks_file_size(const crocks_file *file);
/* Closes and frees `file`, whatever the status says. Does not sync. */
crocks_status crocks_file_close(crocks_file *file);

/* The whole file; freed with crocks_free. */
crocks_status crocks_file_read(crocks_engine *engine, const char *path, void **bytes, size_t *count);
/* Cuts a closed file and syncs it. */
crocks_status crocks_file_truncate(crocks_engine *engine, const char *path, uint64_t size);
crocks_status crocks_file_rename(crocks_engine *engine, const char *from, const char *to);
crocks_status crocks_file_remove(crocks_engine *engine, const char *path);
crocks_status crocks_directory_create(crocks_engine *engine, const char *path);
/* Makes the names in a directory durable: those created, renamed and removed before. */
crocks_status crocks_directory_sync(crocks_engine *engine, const char *path);
/* The names in a directory, each ended by a zero byte, `bytes` in total; freed with crocks_free. */
crocks_status crocks_directory_list(crocks_engine *engine, const char *path, char **names, size_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
