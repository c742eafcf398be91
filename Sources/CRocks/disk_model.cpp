#include "disk_model.hpp"

#include <algorithm>
#include <cmath>

namespace {

constexpr double ns_per_s = 1e9;
/* Sums of doubles: less than this is nothing. */
constexpr double crumb = 1e-6;

}  // namespace

CreditBucket::CreditBucket(double base_per_s, double burst_per_s, double capacity)
    : base_(base_per_s / ns_per_s),
      burst_(std::max(base_per_s, burst_per_s) / ns_per_s),
      capacity_(capacity),
      credits_(capacity) {}

double CreditBucket::credits(double at) const {
  return std::min(capacity_, credits_ + base_ * std::max(0.0, at - at_));
}

double CreditBucket::finish(double start, double amount) {
  double have = credits(start);
  /* Credits fall by what a burst takes beyond what is earned meanwhile. */
  double drain = burst_ - base_;
  double bursting = drain > 0 ? have / drain : 0;
  double end;
  if (amount <= burst_ * bursting) {
    end = start + amount / burst_;
    credits_ = have - drain * (end - start);
  } else {
    end = start + bursting + (amount - burst_ * bursting) / base_;
    credits_ = 0;
  }
  at_ = std::max(at_, end);
  return end;
}

double CreditBucket::within(double start, double end) const {
  double drain = burst_ - base_;
  double bursting = std::min(end - start, drain > 0 ? credits(start) / drain : 0);
  return burst_ * bursting + base_ * (end - start - bursting);
}

uint64_t PageCache::fetch(uint64_t file, uint64_t offset, uint64_t bytes) {
  uint64_t missing = 0;
  if (bytes == 0) return 0;
  for (uint64_t at = offset / part; at <= (offset + bytes - 1) / part; at++) {
    Key key{file, at};
    auto found = held_.find(key);
    if (found != held_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      continue;
    }
    missing += std::min(offset + bytes, (at + 1) * part) - std::max(offset, at * part);
    if (room_ == 0) continue;
    if (held_.size() >= room_) {
      held_.erase(recent_.back());
      recent_.pop_back();
    }
    recent_.push_front(key);
    held_[key] = recent_.begin();
  }
  return missing;
}

crocks_disk_model::crocks_disk_model(const crocks_disk_figures &figures, uint64_t seed)
    : figures_(figures),
      bytes_(figures.write_bytes_per_s, figures.burst_write_bytes_per_s, figures.burst_bytes),
      ios_(figures.iops > 0 ? figures.iops : ns_per_s, figures.burst_iops, figures.burst_ios),
      cache_(figures.cache_bytes),
      random_(seed),
      slots_(std::max(1u, figures.queue_depth), 0.0) {}

/* Uniform from SplitMix64, as Measure's Seed, through the inverse of the declared distribution. */
double crocks_disk_model::draw(const crocks_quantile *points, uint32_t count) {
  if (count == 0) return 0;
  random_ += 0x9E3779B97F4A7C15u;
  uint64_t z = random_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  double u = static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  for (uint32_t i = 1; i < count; i++) {
    if (u > points[i].fraction && i + 1 < count) continue;
    double width = points[i].fraction - points[i - 1].fraction;
    double part = width > 0 ? (u - points[i - 1].fraction) / width : 1;
    double low = std::log(std::max(1.0, points[i - 1].ns)), high = std::log(std::max(1.0, points[i].ns));
    return std::exp(low + (high - low) * part);
  }
  return points[0].ns;
}

double crocks_disk_model::transfer(double start, double bytes, double ios) {
  start = std::max(start, pipe_free_);
  double end = bytes_.finish(start, bytes);
  if (figures_.iops > 0) end = std::max(end, ios_.finish(start, ios));
  pipe_free_ = end;
  return end;
}

/* Lets resting bytes of a file flow from `from` on. */
void crocks_disk_model::flow(uint64_t file, double from) {
  Dirty &dirty = dirty_[file];
  if (dirty.resting <= 0) return;
  if (dirty.flowing <= 0) {
    flow_order_.push_back(file);
    dirty.allowed = from;
  }
  dirty.flowing += dirty.resting;
  flowing_ += dirty.resting;
  resting_ -= dirty.resting;
  dirty.resting = 0;
  rest_order_.remove(file);
}

/* Takes all of a file's dirty bytes out, for a sync that writes them or because the file is gone. */
double crocks_disk_model::take(uint64_t file) {
  auto found = dirty_.find(file);
  if (found == dirty_.end()) return 0;
  Dirty dirty = found->second;
  if (dirty.resting > 0) rest_order_.remove(file);
  if (dirty.flowing > 0) flow_order_.remove(file);
  resting_ = std::max(0.0, resting_ - dirty.resting);
  flowing_ = std::max(0.0, flowing_ - dirty.flowing);
  dirty_.erase(found);
  return dirty.resting + dirty.flowing;
}

/* Takes up to `most` flowing bytes out, in their order. */
double crocks_disk_model::take_flowing(double most) {
  double taken = 0;
  while (!flow_order_.empty() && taken + crumb < most) {
    auto found = dirty_.find(flow_order_.front());
    double part = std::min(most - taken, found->second.flowing);
    taken += part;
    found->second.flowing -= part;
    if (found->second.flowing > crumb) break;
    flowing_ -= found->second.flowing;
    found->second.flowing = 0;
    if (found->second.resting <= 0) dirty_.erase(found);
    flow_order_.pop_front();
  }
  flowing_ = flow_order_.empty() ? 0 : std::max(0.0, flowing_ - taken);
  return taken;
}

/* Writes back what had time to flow until `now`. */
double crocks_disk_model::advance(double now) {
  now_ = now = std::max(now, now_);
  while (!rest_order_.empty()) {
    uint64_t oldest = rest_order_.front();
    double old = dirty_[oldest].since + figures_.dirty_expire_ns;
    if (old > now) break;
    flow(oldest, old);
  }
  while (!flow_order_.empty()) {
    const Dirty &dirty = dirty_[flow_order_.front()];
    double start = std::max(pipe_free_, dirty.allowed);
    if (start >= now) break;
    double room = bytes_.within(start, now);
    if (figures_.iops > 0)
      room = std::min(room, ios_.within(start, now) * figures_.request_bytes);
    double part = take_flowing(std::min(dirty.flowing, room));
    if (part <= crumb) break;
    transfer(start, part, part / figures_.request_bytes);
  }
  return now;
}

std::vector<double>::iterator crocks_disk_model::free_slot() {
  return std::min_element(slots_.begin(), slots_.end());
}

double crocks_disk_model::append(double now, uint64_t file, uint64_t offset, uint64_t bytes, bool direct) {
  now = advance(now);
  if (direct) {
    auto slot = free_slot();
    double start = std::max(now, *slot);
    return *slot = transfer(start, bytes, std::ceil(bytes / figures_.request_bytes));
  }
  cache_.fetch(file, offset, bytes);
  Dirty &dirty = dirty_[file];
  if (dirty.resting <= 0) {
    dirty.since = now;
    rest_order_.push_back(file);
  }
  dirty.resting += bytes;
  resting_ += bytes;
  while (resting_ > figures_.dirty_background_bytes && !rest_order_.empty())
    flow(rest_order_.front(), now);
  /* Each writer copies on its own processor: nobody else waits for it. */
  double copied = figures_.copy_bytes_per_s > 0 ? now + bytes / figures_.copy_bytes_per_s * ns_per_s : now;
  double above = resting_ + flowing_ - figures_.dirty_limit_bytes;
  if (above <= 0) return copied;
  double part = take_flowing(above);
  return std::max(copied, transfer(now, part, part / figures_.request_bytes));
}

void crocks_disk_model::start_writeback(double now, uint64_t file) {
  now = advance(now);
  if (dirty_.count(file) != 0) flow(file, now);
}

double crocks_disk_model::sync(double now, uint64_t file) {
  now = advance(now);
  auto slot = free_slot();
  double start = std::max(now, *slot);
  double own = take(file);
  /* What the kernel already handed to the device is ahead of it in the queue. */
  double ahead = take_flowing(std::min(flowing_, figures_.queue_depth * figures_.request_bytes));
  double ios = 1 + std::ceil(own / figures_.request_bytes) + ahead / figures_.request_bytes;
  double written = transfer(start, own + ahead, ios);
  return *slot = written + draw(figures_.fsync, figures_.fsync_points);
}

double crocks_disk_model::read(double now, uint64_t file, uint64_t offset, uint64_t bytes, bool direct) {
  now = advance(now);
  uint64_t missing = direct ? bytes : cache_.fetch(file, offset, bytes);
  if (missing == 0) return now;
  auto slot = free_slot();
  double start = std::max(now, *slot);
  /* The pipe is counted in bytes written; those read take less of it if reading is faster. */
  double scaled = missing * figures_.write_bytes_per_s / figures_.read_bytes_per_s;
  double moved = transfer(start, scaled, std::ceil(missing / figures_.request_bytes));
  return *slot = std::max(moved, start + draw(figures_.read, figures_.read_points));
}

void crocks_disk_model::forget(double now, uint64_t file) {
  advance(now);
  take(file);
}

double crocks_disk_model::dirty(double now) {
  advance(now);
  return resting_ + flowing_;
}

extern "C" {

crocks_disk_model *crocks_disk_model_create(const crocks_disk_figures *figures, uint64_t seed) {
  return new crocks_disk_model(*figures, seed);
}

void crocks_disk_model_destroy(crocks_disk_model *model) { delete model; }

double crocks_disk_model_append(crocks_disk_model *model, double now, uint64_t file, uint64_t offset,
                                uint64_t bytes, int32_t direct) {
  return model->append(now, file, offset, bytes, direct != 0);
}

void crocks_disk_model_start_writeback(crocks_disk_model *model, double now, uint64_t file) {
  model->start_writeback(now, file);
}

double crocks_disk_model_sync(crocks_disk_model *model, double now, uint64_t file) {
  return model->sync(now, file);
}

double crocks_disk_model_read(crocks_disk_model *model, double now, uint64_t file, uint64_t offset,
                              uint64_t bytes, int32_t direct) {
  return model->read(now, file, offset, bytes, direct != 0);
}

void crocks_disk_model_forget(crocks_disk_model *model, double now, uint64_t file) {
  model->forget(now, file);
}

double crocks_disk_model_dirty(crocks_disk_model *model, double now) { return model->dirty(now); }

}  // extern "C"
