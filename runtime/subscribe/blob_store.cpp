// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/subscribe/blob_store_test.cpp.
#include "runtime/subscribe/blob_store.h"

#include "runtime/subscribe/files.h"

namespace smic::subscribe {
namespace {

namespace fs = std::filesystem;

Result<std::string> file_of(const std::string& digest) {
  if (!contract::hash_from_digest(digest)) return fail("`" + digest + "` is no digest");
  return digest.substr(digest.find(':') + 1);
}

}  // namespace

Result<BlobStore> BlobStore::open(fs::path directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return fail("create " + directory.string() + ": " + error.message());
  return BlobStore(std::move(directory));
}

Result<contract::Bytes> BlobStore::get(const std::string& digest) const {
  const auto name = file_of(digest);
  if (!name) return std::unexpected(name.error());
  const auto text = read_file(directory_ / *name, contract::kMaxImageBytes);
  if (!text) return std::unexpected(text.error());
  const auto* bytes = reinterpret_cast<const std::byte*>(text->data());
  contract::Bytes image(bytes, bytes + text->size());
  if (contract::digest_of(image) != digest) return fail("image " + digest + " is damaged on disk");
  return image;
}

Result<void> BlobStore::put(const std::string& digest, const contract::Bytes& bytes) const {
  const auto name = file_of(digest);
  if (!name) return std::unexpected(name.error());
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return replace_file(directory_ / *name, text, OnDisk::soon);
}

void BlobStore::keep_only(const std::set<std::string>& digests) const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    if (digests.contains("sha256:" + entry.path().filename().string())) continue;
    fs::remove(entry.path(), error);
  }
}

}  // namespace smic::subscribe
