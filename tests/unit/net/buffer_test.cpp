// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/buffer.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

using namespace smic::net;

namespace {
void put(Buffer& buffer, std::string_view text) {
  REQUIRE(buffer.room().size() >= text.size());
  std::memcpy(buffer.room().data(), text.data(), text.size());
  buffer.commit(text.size());
}
}  // namespace

TEST_CASE("a buffer gives back what was put in, in order") {
  Buffer buffer;
  put(buffer, "hello ");
  put(buffer, "world");
  CHECK(buffer.bytes() == "hello world");
  buffer.consume(6);
  CHECK(buffer.bytes() == "world");
  buffer.consume(5);
  CHECK(buffer.empty());
}

TEST_CASE("room appears again when the front was consumed") {
  Buffer buffer;
  put(buffer, std::string(kBlockBytes, 'a'));
  buffer.consume(kBlockBytes - 3);
  CHECK(buffer.room().size() == kBlockBytes - 3);
  CHECK(buffer.bytes() == "aaa");
}

TEST_CASE("a buffer grows to its limit and no further") {
  Buffer buffer;
  std::size_t total = 0;
  for (std::span<char> room; !(room = buffer.grow(40'000)).empty();) {
    std::memset(room.data(), 'x', room.size());
    buffer.commit(room.size());
    total += room.size();
  }
  CHECK(total == 40'000);
  CHECK(buffer.bytes() == std::string(40'000, 'x'));
}

TEST_CASE("release keeps a buffer that has bytes") {
  Buffer buffer;
  put(buffer, "kept");
  buffer.release();
  CHECK(buffer.bytes() == "kept");
  buffer.consume(4);
  buffer.release();
  CHECK(buffer.room().size() == kBlockBytes);
}
