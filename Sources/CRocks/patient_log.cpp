#include "patient.hpp"

#include <pthread.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <string>

namespace {

/* Lines as RocksDB writes them: local time with microseconds, thread, text. Each is one write. */
class PatientLogger : public rocksdb::Logger {
 public:
  explicit PatientLogger(int file) : file_(file) {}
  ~PatientLogger() override { close(file_); }

  using rocksdb::Logger::Logv;
  void Logv(const char *format, va_list arguments) override {
    timeval now;
    gettimeofday(&now, nullptr);
    tm local;
    localtime_r(&now.tv_sec, &local);
    char head[80];
    size_t date = strftime(head, sizeof head, "%Y/%m/%d-%H:%M:%S", &local);
    snprintf(head + date, sizeof head - date, ".%06ld %llu ", static_cast<long>(now.tv_usec),
             static_cast<unsigned long long>(pthread_self()));
    std::string line = head;

    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(nullptr, 0, format, again);
    va_end(again);
    if (length < 0) return;
    size_t start = line.size();
    line.resize(start + static_cast<size_t>(length) + 1);
    vsnprintf(&line[start], static_cast<size_t>(length) + 1, format, arguments);
    line.back() = '\n';
    if (line[line.size() - 2] == '\n') line.pop_back();

    ssize_t written = write(file_, line.data(), line.size());
    if (written > 0) size_ += static_cast<size_t>(written);
  }

  size_t GetLogFileSize() const override { return size_; }

 private:
  const int file_;
  std::atomic<size_t> size_{0};
};

}  // namespace

std::shared_ptr<rocksdb::Logger> crocks_patient_logger(int file) {
  return std::make_shared<PatientLogger>(file);
}
