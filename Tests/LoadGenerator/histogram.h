// Times in nanoseconds, in buckets that are at most 1/64 wide: powers of two, each cut into 64.
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_CUTS = 64, HISTOGRAM_BUCKETS = 64 * HISTOGRAM_CUTS };

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t max;
};

void histogram_add(struct histogram *histogram, uint64_t nanoseconds);

// The upper end of the bucket that holds this share (0 to 1) of all times, or the largest time if that is
// smaller; microseconds. 0 if there are none.
double histogram_at(const struct histogram *histogram, double share);

#endif
