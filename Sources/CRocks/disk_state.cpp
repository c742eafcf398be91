#include <sys/prctl.h>
#include <time.h>

#include <cerrno>

#include "filesystem.hpp"

using rocksdb::IOStatus;

namespace {

/* A sleep ends late by the time that the kernel takes to wake a thread: some tens of microseconds, as much
 * as a fast device's whole fsync. The last part of a wait is therefore spent looking at the clock. */
constexpr double awake_ns = 60'000;

/* The kernel gathers the timers of a thread that end within 50 us of each other unless told otherwise
 * (prctl(2), PR_SET_TIMERSLACK). */
void exact_timers() {
  static thread_local const bool once = prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul) == 0;
  (void)once;
}

}  // namespace

int32_t crocks_kind(const std::string &path) {
  std::string name = path.substr(path.find_last_of('/') + 1);
  if (name == "CURRENT" || name.rfind("MANIFEST-", 0) == 0) return CROCKS_MANIFEST;
  size_t dot = name.find_first_not_of("0123456789");
  if (dot == 0 || dot == std::string::npos) return CROCKS_OTHER;
  std::string suffix = name.substr(dot);
  if (suffix == ".log") return CROCKS_WAL;
  if (suffix == ".sst") return CROCKS_SST;
  /* What becomes CURRENT is named after its MANIFEST; that of OPTIONS begins with OPTIONS. */
  return suffix == ".dbtmp" ? CROCKS_MANIFEST : CROCKS_OTHER;
}

double DiskState::now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

void DiskState::wait(int32_t kind, double done) {
  double began = now();
  if (done <= began) return;
  exact_timers();
  double until = done - awake_ns;
  if (until > began) {
    timespec time = {static_cast<time_t>(until / 1e9), 0};
    time.tv_nsec = static_cast<long>(until - static_cast<double>(time.tv_sec) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
    }
  }
  double at = now();
  while (at < done) at = now();
  counts[kind].added_ns += static_cast<uint64_t>(at - began);
}

uint64_t DiskState::number(const std::string &path) {
  std::lock_guard<std::mutex> hold(lock);
  auto made = numbers_.try_emplace(path, last_number_ + 1);
  if (made.second) last_number_++;
  return made.first->second;
}

void DiskState::renamed(const std::string &from, const std::string &to) {
  std::lock_guard<std::mutex> hold(lock);
  auto found = numbers_.find(from);
  if (found == numbers_.end()) return;
  uint64_t number = found->second;
  numbers_.erase(found);
  numbers_[to] = number;
}

void DiskState::removed(const std::string &path) {
  std::lock_guard<std::mutex> hold(lock);
  auto found = numbers_.find(path);
  if (found == numbers_.end()) return;
  if (model) model->forget(now(), found->second);
  numbers_.erase(found);
}

IOStatus DiskState::meet(int32_t kind, uint32_t operation, uint64_t bytes, uint64_t *kept) {
  if (kept != nullptr) *kept = 0;
  if (operation != CROCKS_ON_READ && !powered) return IOStatus::IOError("the disk has no power");
  DiskFaults::Verdict verdict = faults.meet(kind, operation, bytes);
  if (verdict.delay_ns > 0) wait(kind, now() + static_cast<double>(verdict.delay_ns));
  if (kept != nullptr) *kept = verdict.kept;
  switch (verdict.effect) {
    case CROCKS_NO_SPACE: {
      IOStatus status = IOStatus::NoSpace("injected: no space left on device");
      /* As RocksDB's own file system marks ENOSPC: it may try again. */
      status.SetRetryable(true);
      return status;
    }
    case CROCKS_IO_ERROR:
      return IOStatus::IOError("injected: I/O error");
    case CROCKS_SHORT_WRITE:
      return IOStatus::IOError("injected: short write");
    default:
      return IOStatus::OK();
  }
}
