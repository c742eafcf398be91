#include <rocksdb/metadata.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine.hpp"

namespace {

/* What RocksDB has to say while it reads: warnings and errors, bounded. A database that is opened for
 * reading otherwise starts a LOG file in its directory. */
class Memo : public rocksdb::Logger {
 public:
  Memo() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using rocksdb::Logger::Logv;
  void Logv(const char *format, va_list arguments) override {
    char line[1024];
    vsnprintf(line, sizeof line, format, arguments);
    std::lock_guard<std::mutex> hold(lock_);
    if (text_.size() < limit) text_ += std::string(line) + "\n";
  }

  std::string text() {
    std::lock_guard<std::mutex> hold(lock_);
    return text_;
  }

 private:
  static const size_t limit = 16384;
  std::mutex lock_;
  std::string text_;
};

/* So many table files are open at once, and so much of them is cached. */
const int open_files = 256;

}  // namespace

extern "C" {

crocks_status crocks_list_families(const char *path, char **names, size_t *bytes) {
  std::vector<std::string> list;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), path, &list);
  if (!status.ok()) return crocks_convert(status);
  std::string all;
  for (const auto &name : list) all += name + '\0';
  *bytes = all.size();
  *names = static_cast<char *>(malloc(all.size() + 1));
  memcpy(*names, all.data(), all.size());
  return crocks_convert(status);
}

crocks_status crocks_open_read_only(const char *path, const char *const *names, size_t families,
                                    crocks_db **db, char **warnings) {
  auto memo = std::make_shared<Memo>();
  rocksdb::DBOptions options;
  options.info_log = memo;
  options.max_open_files = open_files;
  options.skip_stats_update_on_db_open = true;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (size_t i = 0; i < families; i++)
    descriptors.emplace_back(names[i], rocksdb::ColumnFamilyOptions());

  auto opened = std::make_unique<crocks_db>();
  rocksdb::DB *raw = nullptr;
  rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(options, path, descriptors, &opened->families, &raw, false);
  *warnings = strdup(memo->text().c_str());
  if (!status.ok()) return crocks_convert(status);
  opened->db.reset(raw);
  *db = opened.release();
  return crocks_convert(status);
}

size_t crocks_levels(const crocks_db *db, int32_t column_family, crocks_level *levels, size_t room) {
  rocksdb::ColumnFamilyMetaData data;
  db->db->GetColumnFamilyMetaData(db->families[column_family], &data);
  size_t count = 0;
  for (const auto &level : data.levels) {
    if (count == room) break;
    levels[count++] = {level.level, static_cast<int32_t>(level.files.size()), level.size};
  }
  return count;
}

}  // extern "C"
