/* The disk under an engine: a file system that counts what reaches it, and files of our own that go
 * through the same one as RocksDB's. */
#ifndef CROCKS_DISK_H
#define CROCKS_DISK_H

#include "crocks.h"

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
} crocks_disk_counts;

/* ---- the disk ---- */

crocks_disk *crocks_disk_create(void);
/* The engine keeps what it needs of the disk; this only gives back the caller's part. */
void crocks_disk_destroy(crocks_disk *disk);
/* What succeeded so far on files of `kind`. */
crocks_disk_counts crocks_disk_count(const crocks_disk *disk, int32_t kind);

/* As crocks_engine_create, with every file of its databases on `disk`. */
crocks_engine *crocks_engine_create_on(crocks_disk *disk);

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
