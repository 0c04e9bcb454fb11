// SPDX-License-Identifier: Apache-2.0
// Tested by publish_test.cpp.
#include "controller/publish.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace smic::controller {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const std::string& what) {
  return fail(what + ": " + std::strerror(errno));
}

Result<void> write_all(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write " + path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Beside, then over: a reader sees the old text or the new one.
Result<void> replace_file(const fs::path& path, std::string_view bytes) {
  const std::string beside = path.string() + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return failed("create " + beside);
  auto written = write_all(file, bytes, beside);
  ::close(file);
  if (!written) return written;
  if (::rename(beside.c_str(), path.c_str()) != 0) return failed("rename to " + path.string());
  return {};
}

std::string hex_of(const std::string& digest) { return digest.substr(digest.find(':') + 1); }

// What neither this update nor the manifest before it names.
Result<std::set<std::string>> named_before(const fs::path& manifest) {
  std::set<std::string> named;
  std::error_code error;
  const auto size = fs::file_size(manifest, error);
  if (error) return named;
  std::string text(size, '\0');
  const int file = ::open(manifest.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failed("open " + manifest.string());
  const ssize_t count = ::read(file, text.data(), text.size());
  ::close(file);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  const auto before = contract::manifest_from_json(text);
  if (!before) return named;  // not ours to understand; it is about to be replaced
  for (const contract::Unit& unit : before->units) {
    named.insert(hex_of(unit.image));
    for (const contract::NativeImage& native : unit.native) named.insert(hex_of(native.digest));
  }
  return named;
}

void remove_others(const fs::path& images, const std::set<std::string>& keep) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(images, error)) {
    if (!keep.contains(entry.path().filename().string())) fs::remove(entry.path(), error);
  }
}

}  // namespace

Result<void> publish(const Update& update, const std::string& directory) {
  const fs::path manifest = fs::path(directory) / "manifest.json";
  const fs::path images = fs::path(directory) / "images";
  std::error_code error;
  fs::create_directories(images, error);
  if (error) return fail("create " + images.string() + ": " + error.message());

  auto keep = named_before(manifest);
  if (!keep) return std::unexpected(keep.error());
  for (const auto& [digest, image] : update.images.all()) {
    keep->insert(hex_of(digest));
    const fs::path path = images / hex_of(digest);
    if (fs::exists(path, error)) continue;  // named by its content
    const contract::Bytes unpacked = image->unpack();
    const std::string_view bytes{reinterpret_cast<const char*>(unpacked.data()), unpacked.size()};
    if (auto written = replace_file(path, bytes); !written) return written;
  }
  const auto replaced =
      replace_file(manifest, contract::to_json(update.manifest_of(kOnlyNode)) + '\n');
  if (replaced) remove_others(images, *keep);
  return replaced;
}

}  // namespace smic::controller
