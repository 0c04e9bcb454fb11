// SPDX-License-Identifier: Apache-2.0
#include "runtime/subscribe/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace smic::subscribe {
namespace {

class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : file_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (file_ >= 0) ::close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::unexpected<Error> system_error(const std::string& what) {
  return fail(what + ": " + std::strerror(errno));
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
  const File file(path, O_RDONLY);
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
    return system_error("read " + path.string());
  if (static_cast<std::size_t>(status.st_size) > limit) return fail(path.string() + " is too long");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t size = ::read(file.get(), text.data() + have, text.size() - have);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_error("read " + path.string());
    if (size == 0) break;
    have += static_cast<std::size_t>(size);
  }
  text.resize(have);
  return text;
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes, OnDisk when) {
  const std::filesystem::path part = path.string() + ".part";
  {
    const File file(part, O_WRONLY | O_CREAT | O_TRUNC);
    if (file.get() < 0) return system_error("open " + part.string());
    if (!write_all(file.get(), bytes)) return system_error("write " + part.string());
    if (when == OnDisk::now && ::fdatasync(file.get()) != 0)
      return system_error("write " + part.string());
  }
  if (::rename(part.c_str(), path.c_str()) != 0) return system_error("rename " + part.string());
  return {};
}

}  // namespace smic::subscribe
