// SPDX-License-Identifier: Apache-2.0
#include "runtime/subscribe/blob_store.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

using namespace smic;
using namespace smic::subscribe;

namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("smic-blobs-" + std::to_string(::getpid()));
  Folder() { std::filesystem::remove_all(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

contract::Bytes bytes_of(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

}  // namespace

TEST_CASE("an image is found by its digest, and by no other name") {
  const Folder folder;
  const auto store = BlobStore::open(folder.path / "images");
  REQUIRE(store);
  const auto image = bytes_of("an image");
  const std::string digest = contract::digest_of(image);
  CHECK_FALSE(store->get(digest));
  REQUIRE(store->put(digest, image));
  CHECK(store->get(digest) == image);
  for (const char* name : {"", "sha256:", "sha256:../../x", "/etc/passwd"}) {
    CHECK_FALSE(store->get(name));
    CHECK_FALSE(store->put(name, image));
  }
}

TEST_CASE("what was damaged on disk is not that image") {
  const Folder folder;
  const auto store = BlobStore::open(folder.path);
  const auto image = bytes_of("an image");
  const std::string digest = contract::digest_of(image);
  REQUIRE(store->put(digest, image));
  std::ofstream(folder.path / digest.substr(7), std::ios::app) << "!";
  CHECK(store->get(digest).error().message.contains("damaged"));
}

TEST_CASE("only what is named is kept") {
  const Folder folder;
  const auto store = BlobStore::open(folder.path);
  const auto one = bytes_of("one"), other = bytes_of("other");
  REQUIRE(store->put(contract::digest_of(one), one));
  REQUIRE(store->put(contract::digest_of(other), other));
  store->keep_only({contract::digest_of(one)});
  CHECK(store->get(contract::digest_of(one)));
  CHECK_FALSE(store->get(contract::digest_of(other)));
}
