// SPDX-License-Identifier: Apache-2.0
#include "base/packed_bytes.h"

#include <catch2/catch.hpp>
#include <random>

namespace smic {
namespace {

PackedBytes::Bytes random_bytes(std::size_t size, std::mt19937& random) {
  PackedBytes::Bytes bytes(size);
  for (std::byte& each : bytes) each = static_cast<std::byte>(random());
  return bytes;
}

TEST_CASE("packed bytes come out as they went in, of any size") {
  std::mt19937 random(20261127);
  for (const std::size_t size : {0, 1, 7, 4096, 100'000}) {
    const auto bytes = random_bytes(size, random);
    const auto like = std::make_shared<const PackedBytes::Bytes>(random_bytes(512, random));
    INFO(size);
    CHECK(PackedBytes(bytes).unpack() == bytes);
    CHECK(PackedBytes(bytes, like).unpack() == bytes);
  }
}

TEST_CASE("what is like another costs what is different in it") {
  std::mt19937 random(20261127);
  const auto like = std::make_shared<const PackedBytes::Bytes>(random_bytes(8192, random));
  auto bytes = *like;
  for (std::size_t i = 4000; i < 4100; ++i) bytes[i] = static_cast<std::byte>(random());
  const PackedBytes packed(bytes, like);
  CHECK(packed.packed_size() < 300);
  CHECK(PackedBytes(bytes).packed_size() > 8000);
  CHECK(packed.unpack() == bytes);
}

TEST_CASE("packed bytes keep alive what they are like") {
  auto like = std::make_shared<const PackedBytes::Bytes>(1000, std::byte{7});
  const std::weak_ptr<const PackedBytes::Bytes> seen = like;
  const auto bytes = *like;
  const PackedBytes packed(bytes, std::move(like));
  CHECK_FALSE(seen.expired());
  CHECK(packed.unpack() == bytes);
}

}  // namespace
}  // namespace smic
