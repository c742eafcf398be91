#include "histogram.h"

void histogram_add(struct histogram *histogram, uint64_t nanoseconds) {
    unsigned bucket = (unsigned)nanoseconds;
    if (nanoseconds >= HISTOGRAM_CUTS) {
        unsigned power = 63 - (unsigned)__builtin_clzll(nanoseconds);
        // The six bits below the highest one say which cut.
        bucket = (power - 5) * HISTOGRAM_CUTS
                 + (unsigned)(nanoseconds >> (power - 6) & (HISTOGRAM_CUTS - 1));
    }
    histogram->counts[bucket]++;
    histogram->count++;
    if (nanoseconds > histogram->max) histogram->max = nanoseconds;
}

static uint64_t end_of(unsigned bucket) {
    if (bucket < HISTOGRAM_CUTS) return bucket;
    unsigned power = bucket / HISTOGRAM_CUTS + 5;
    uint64_t cut = bucket % HISTOGRAM_CUTS;
    return (((uint64_t)HISTOGRAM_CUTS + cut + 1) << (power - 6)) - 1;
}

double histogram_at(const struct histogram *histogram, double share) {
    if (histogram->count == 0) return 0;
    uint64_t wanted = (uint64_t)(share * (double)histogram->count);
    if (wanted < 1) wanted = 1;
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen < wanted) continue;
        uint64_t end = end_of(bucket);
        return (double)(end < histogram->max ? end : histogram->max) / 1e3;
    }
    return (double)histogram->max / 1e3;
}
