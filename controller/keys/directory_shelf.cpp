// SPDX-License-Identifier: Apache-2.0
// The shelf as a directory: a file per entry, replaced whole, behind a lock that other processes
// take too. The version of an object is the hash of what is in it.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <vector>

#include "contract/digest.h"
#include "controller/keys/shelf.h"

namespace smic::keys {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_of(Object object) {
  switch (object) {
    case Object::keys:
      return {"keys.json"};
    case Object::trust:
      return {"ca.crt", "trust.pem"};
    case Object::distribution:
      return {"epoch"};
  }
  return {};
}

std::unexpected<Error> failed(const std::string& what) {
  return fail(what + ": " + std::strerror(errno));
}

std::string version_of(const Entries& entries) {
  std::string text;
  for (const auto& [name, value] : entries) {
    text += name + '\0' + std::to_string(value.size()) + '\0' + value;
  }
  return contract::digest_text(contract::hash_of(text));
}

// Held by one process, and one thread of it, at a time.
class Lock {
 public:
  explicit Lock(const fs::path& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    while (file_ >= 0 && ::flock(file_, LOCK_EX) != 0) {
      if (errno == EINTR) continue;
      ::close(file_);
      file_ = -1;
    }
  }
  ~Lock() {
    if (file_ >= 0) ::close(file_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  bool held() const { return file_ >= 0; }

 private:
  int file_;
};

// On the disk before it has its name.
Result<void> replace_file(const fs::path& path, const std::string& text, mode_t mode) {
  const std::string part = path.string() + ".part";
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return failed("open " + part);
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  errno = error;
  if (!written) return failed("write " + part);
  if (::rename(part.c_str(), path.c_str()) != 0) return failed("rename " + part);
  return {};
}

class DirectoryShelf final : public Shelf {
 public:
  explicit DirectoryShelf(fs::path directory) : directory_(std::move(directory)) {}

  Result<std::optional<Kept>> read(Object object) override {
    const std::lock_guard guard(mutex_);
    const Lock lock(directory_ / ".lock");
    if (!lock.held()) return failed("lock " + directory_.string());
    return read_locked(object);
  }

  Result<bool> write(Object object, const Entries& entries,
                     const std::optional<std::string>& version) override {
    const std::lock_guard guard(mutex_);
    const Lock lock(directory_ / ".lock");
    if (!lock.held()) return failed("lock " + directory_.string());
    const auto there = read_locked(object);
    if (!there) return std::unexpected(there.error());
    if (there->has_value() != version.has_value()) return false;
    if (version && (*there)->version != *version) return false;
    const mode_t mode = object == Object::keys ? 0600 : 0644;
    for (const auto& [name, text] : entries) {
      if (auto done = replace_file(directory_ / name, text, mode); !done) {
        return std::unexpected(done.error());
      }
    }
    return true;
  }

 private:
  Result<std::optional<Kept>> read_locked(Object object) const {
    Kept kept;
    for (const std::string& name : files_of(object)) {
      std::ifstream file(directory_ / name, std::ios::binary);
      if (!file && errno == ENOENT) continue;
      if (!file) return failed("open " + (directory_ / name).string());
      kept.entries[name] = std::string(std::istreambuf_iterator<char>(file), {});
    }
    if (kept.entries.empty()) return std::nullopt;
    kept.version = version_of(kept.entries);
    return kept;
  }

  const fs::path directory_;
  std::mutex mutex_;
};

}  // namespace

Result<std::shared_ptr<Shelf>> directory_shelf(std::string directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail("create " + directory + ": " + error.message());
  return std::make_shared<DirectoryShelf>(std::move(directory));
}

}  // namespace smic::keys
