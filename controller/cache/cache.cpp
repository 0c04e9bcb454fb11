// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/cache/cache_test.cpp and tests/integration/compile_test.py.
#include "controller/cache/cache.h"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "base/log.h"
#include "controller/cache/entry.h"

namespace smic::cache {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".unit";
constexpr std::string_view kUnfinished = ".writing";
constexpr auto kAbandoned = std::chrono::hours(1);  // nobody writes one file for so long

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class Directory final : public CompiledStore {
 public:
  Directory(fs::path path, std::uint64_t most_bytes, std::string build)
      : path_(std::move(path)), most_bytes_(most_bytes), build_(std::move(build)) {}

  Result<void> start();
  std::optional<CompiledUnit> find(const std::string& key) override;
  void keep(const std::string& key, const CompiledUnit& unit) override;

 private:
  struct File {
    std::uint64_t bytes = 0;
    std::uint64_t used = 0;  // when, in the order of uses
  };

  std::string name_of(const std::string& key) const {
    const contract::Hash hash = contract::hash_of(build_ + '\n' + key);
    return contract::to_hex(hash).append(kSuffix);
  }
  bool write(const fs::path& to, const std::string& entry);
  void tell_once_it_fails(bool written);
  void note(const std::string& name, std::uint64_t bytes);
  void forget(const std::string& name);
  void make_room();

  const fs::path path_;
  const std::uint64_t most_bytes_;
  const std::string build_;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<bool> fails_ = false;
  std::mutex mutex_;
  std::map<std::string, File> files_;  // that we know of
  std::uint64_t bytes_ = 0, uses_ = 0;
};

// What is there already, in the order of its last use, which is the time of the file.
Result<void> Directory::start() {
  std::error_code error;
  const bool made = fs::create_directories(path_, error);
  if (error) return fail("make " + path_.string() + ": " + error.message());
  if (made) fs::permissions(path_, fs::perms::owner_all, error);
  if (access(path_.c_str(), R_OK | W_OK | X_OK) != 0) {
    return fail("write in " + path_.string() + ": " + std::strerror(errno));
  }
  std::vector<std::pair<fs::file_time_type, fs::directory_entry>> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(path_, error)) {
    std::error_code gone;
    const auto time = entry.last_write_time(gone);
    if (!gone) found.emplace_back(time, entry);
  }
  if (error) return fail("list " + path_.string() + ": " + error.message());
  std::ranges::sort(found);
  const auto now = fs::file_time_type::clock::now();
  for (const auto& [time, entry] : found) {
    const std::string name = entry.path().filename();
    std::error_code gone;
    if (name.ends_with(kSuffix)) note(name, entry.file_size(gone));
    if (name.ends_with(kUnfinished) && now - time > kAbandoned) fs::remove(entry.path(), gone);
  }
  make_room();
  return {};
}

std::optional<CompiledUnit> Directory::find(const std::string& key) {
  const std::string name = name_of(key);
  const auto entry = read_file(path_ / name);
  if (!entry) return std::nullopt;
  auto unit = unit_of(key, *entry);
  std::error_code ignored;
  if (!unit) {
    log_warning("cache: a damaged file is compiled anew", {{"file", path_ / name}});
    fs::remove(path_ / name, ignored);
    const std::lock_guard lock(mutex_);
    forget(name);
    return std::nullopt;
  }
  fs::last_write_time(path_ / name, fs::file_time_type::clock::now(), ignored);
  const std::lock_guard lock(mutex_);
  note(name, entry->size());
  return unit;
}

void Directory::keep(const std::string& key, const CompiledUnit& unit) {
  const std::string name = name_of(key), entry = entry_of(key, unit);
  if (entry.size() > most_bytes_) return;
  const bool written = write(path_ / name, entry);
  tell_once_it_fails(written);
  if (!written) return;
  const std::lock_guard lock(mutex_);
  note(name, entry.size());
  make_room();
}

bool Directory::write(const fs::path& to, const std::string& entry) {
  const fs::path beside = path_ / (std::to_string(getpid()) + '-' + std::to_string(++written_) +
                                   std::string(kUnfinished));
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file.write(entry.data(), static_cast<std::streamsize>(entry.size()));
  file.close();
  int why = errno;
  std::error_code error;
  if (file) {
    fs::rename(beside, to, error);
    if (!error) return true;
    why = error.value();
  }
  fs::remove(beside, error);
  errno = why;
  return false;
}

// A full disk fails every unit; one line says it, and one more when it is over and comes again.
void Directory::tell_once_it_fails(bool written) {
  const int why = errno;
  if (fails_.exchange(!written) || written) return;
  log_warning("cache: cannot write, so units are compiled again next time",
              {{"directory", path_}, {"error", std::strerror(why)}});
}

void Directory::note(const std::string& name, std::uint64_t bytes) {
  File& file = files_[name];
  bytes_ += bytes - file.bytes;
  file = {bytes, ++uses_};
}

void Directory::forget(const std::string& name) {
  const auto found = files_.find(name);
  if (found == files_.end()) return;
  bytes_ -= found->second.bytes;
  files_.erase(found);
}

// A tenth more than asked for, so that it is not done at every file.
void Directory::make_room() {
  if (bytes_ <= most_bytes_) return;
  std::vector<std::pair<std::uint64_t, std::string>> by_use;
  for (const auto& [name, file] : files_) by_use.emplace_back(file.used, name);
  std::ranges::sort(by_use);
  for (const auto& [used, name] : by_use) {
    if (bytes_ <= most_bytes_ - most_bytes_ / 10) break;
    std::error_code ignored;
    fs::remove(path_ / name, ignored);
    forget(name);
  }
}

// The note that the linker puts into a program, of the first object in the list: the program.
int take_build(dl_phdr_info* info, std::size_t, void* out) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const auto* at = reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
    for (const char* end = at + segment.p_memsz; at + sizeof(ElfW(Nhdr)) <= end;) {
      ElfW(Nhdr) note;
      std::memcpy(&note, at, sizeof note);
      const char* name = at + sizeof note;
      const char* value = name + (note.n_namesz + 3) / 4 * 4;
      if (note.n_type == NT_GNU_BUILD_ID &&
          std::string_view(name, note.n_namesz) == std::string_view("GNU", 4)) {
        static_cast<std::string*>(out)->assign(value, note.n_descsz);
      }
      at = value + (note.n_descsz + 3) / 4 * 4;
    }
  }
  return 1;
}

}  // namespace

std::string this_build() {
  std::string id;
  dl_iterate_phdr(take_build, &id);
  if (!id.empty()) return id;
  // Linked without one: then the program itself is hashed.
  const auto program = read_file("/proc/self/exe");
  return contract::digest_text(contract::hash_of(program.value_or("")));
}

Result<std::shared_ptr<CompiledStore>> open(const std::string& directory, std::uint64_t most_bytes,
                                            std::string build) {
  auto store = std::make_shared<Directory>(directory, most_bytes, std::move(build));
  if (auto started = store->start(); !started) return std::unexpected(started.error());
  return store;
}

}  // namespace smic::cache
