#include "disk_faults.hpp"

#include <algorithm>

int32_t DiskFaults::add(const crocks_fault &fault) {
  std::lock_guard<std::mutex> hold(lock_);
  active_.push_back({next_, fault});
  any_ = true;
  return next_++;
}

void DiskFaults::remove(int32_t id) {
  std::lock_guard<std::mutex> hold(lock_);
  active_.remove_if([id](const Active &active) { return active.id == id; });
  any_ = !active_.empty();
}

uint64_t DiskFaults::hits(int32_t id) const {
  std::lock_guard<std::mutex> hold(lock_);
  for (const auto &active : active_)
    if (active.id == id) return active.hits;
  return 0;
}

DiskFaults::Verdict DiskFaults::meet(int32_t kind, uint32_t operation, uint64_t bytes) {
  Verdict verdict;
  verdict.kept = bytes;
  if (!any_) return verdict;
  std::lock_guard<std::mutex> hold(lock_);
  for (auto &active : active_) {
    const crocks_fault &fault = active.fault;
    if ((fault.kinds & (1u << kind)) == 0 || (fault.operations & operation) == 0) continue;
    active.operations++;
    uint64_t before = active.bytes;
    active.bytes += bytes;
    if (active.operations <= fault.after_operations) continue;
    if (fault.after_bytes > 0 && active.bytes <= fault.after_bytes) continue;
    if (fault.times > 0 && active.hits >= fault.times) continue;
    active.hits++;
    if (fault.effect == CROCKS_SLOW) {
      verdict.delay_ns += fault.delay_ns;
      continue;
    }
    if (verdict.effect != 0) continue;
    verdict.effect = fault.effect;
    /* As write(2) does: what still fits is written, then there is no more. */
    if (fault.effect == CROCKS_NO_SPACE)
      verdict.kept = fault.after_bytes > before ? std::min(bytes, fault.after_bytes - before) : 0;
    else
      verdict.kept = fault.effect == CROCKS_SHORT_WRITE ? bytes / 2 : 0;
    /* Bytes that were refused take no space. */
    active.bytes = before + verdict.kept;
  }
  return verdict;
}

bool DiskFaults::full() const {
  std::lock_guard<std::mutex> hold(lock_);
  for (const auto &active : active_)
    if (active.fault.effect == CROCKS_NO_SPACE && active.bytes >= active.fault.after_bytes &&
        active.operations >= active.fault.after_operations &&
        (active.fault.times == 0 || active.hits < active.fault.times))
      return true;
  return false;
}
