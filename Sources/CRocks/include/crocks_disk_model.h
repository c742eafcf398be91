/* A declared disk as arithmetic on times and bytes: no clock, no file, no thread of its own. */
#ifndef CROCKS_DISK_MODEL_H
#define CROCKS_DISK_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A point of a latency distribution: `fraction` of all draws take at most `ns`. */
typedef struct {
  double fraction;
  double ns;
} crocks_quantile;

enum { CROCKS_QUANTILES = 8 };

/* The figures of a device and of the page cache above it. Zero means "no such limit" where it says so. */
typedef struct {
  double write_bytes_per_s;       /* sustained */
  double burst_write_bytes_per_s; /* while there are credits; at least the sustained rate */
  double burst_bytes;             /* credits of a full bucket; 0: no bursts */
  double read_bytes_per_s;
  double iops;       /* 0: not limited */
  double burst_iops; /* at least iops */
  double burst_ios;  /* credits of a full bucket */
  double request_bytes; /* one request to the device at most; counts as one operation */
  uint32_t queue_depth; /* requests under way at once */
  /* Ascending in both; the first has fraction 0, the last 1. Between them the logarithm of the time is
   * linear in the fraction. */
  crocks_quantile fsync[CROCKS_QUANTILES];
  uint32_t fsync_points;
  crocks_quantile read[CROCKS_QUANTILES];
  uint32_t read_points;
  double copy_bytes_per_s;       /* of a buffered append into the page cache; 0: takes no time */
  double cache_bytes;            /* page cache: what is read from it is free */
  double dirty_background_bytes; /* above it the kernel writes back on its own */
  double dirty_limit_bytes;      /* above it appends wait */
  double dirty_expire_ns;        /* dirty for longer than this: written back */
} crocks_disk_figures;

typedef struct crocks_disk_model crocks_disk_model;

/* All credits are there, nothing is dirty and nothing is cached. The same seed draws the same latencies. */
crocks_disk_model *crocks_disk_model_create(const crocks_disk_figures *figures, uint64_t seed);
void crocks_disk_model_destroy(crocks_disk_model *model);

/* Each takes the time at which it begins and returns the one at which it is done, both in nanoseconds on
 * any clock that does not run backwards; a `now` before the last one counts as the last one. */

/* `direct`: past the page cache, as O_DIRECT. */
double crocks_disk_model_append(crocks_disk_model *model, double now, uint64_t file, uint64_t offset,
                                uint64_t bytes, int32_t direct);
/* Begins to write back what of the file is dirty, and does not wait (sync_file_range). */
void crocks_disk_model_start_writeback(crocks_disk_model *model, double now, uint64_t file);
/* Of a file, or of a directory, which has no dirty bytes. */
double crocks_disk_model_sync(crocks_disk_model *model, double now, uint64_t file);
double crocks_disk_model_read(crocks_disk_model *model, double now, uint64_t file, uint64_t offset,
                              uint64_t bytes, int32_t direct);
/* The file is removed: what of it is dirty will not be written. */
void crocks_disk_model_forget(crocks_disk_model *model, double now, uint64_t file);
/* Bytes not yet written back at `now`. */
double crocks_disk_model_dirty(crocks_disk_model *model, double now);

#ifdef __cplusplus
}
#endif
#endif
