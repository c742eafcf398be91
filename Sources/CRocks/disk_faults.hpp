#pragma once
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>

#include "include/crocks_disk.h"

/* The faults that are switched on, and which operation meets which. */
class DiskFaults {
 public:
  /* What an operation has to suffer. */
  struct Verdict {
    int32_t effect = 0; /* 0: none */
    uint64_t kept = 0;  /* of an append that fails: bytes that still reach the file */
    int64_t delay_ns = 0;
  };

  int32_t add(const crocks_fault &fault);
  void remove(int32_t id);
  uint64_t hits(int32_t id) const;
  /* One operation of `operation` on a file of `kind`, with `bytes` if it is an append. */
  Verdict meet(int32_t kind, uint32_t operation, uint64_t bytes);
  /* Whether an append to files of any kind would find no space now. */
  bool full() const;

 private:
  struct Active {
    int32_t id;
    crocks_fault fault;
    uint64_t bytes = 0, operations = 0, hits = 0;
  };
  mutable std::mutex lock_;
  std::atomic<bool> any_{false};
  std::list<Active> active_;
  int32_t next_ = 1;
};
