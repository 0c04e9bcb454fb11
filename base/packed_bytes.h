// SPDX-License-Identifier: Apache-2.0
// Bytes kept small, for many that are much alike and of which few are ever asked for: a controller
// holds an image for each unit and CPU, and a node fetches those that changed. zstd (RFC 8878), and
// one of them as the dictionary of the others, so that each costs what it does not share with it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace smic {

class PackedBytes {
 public:
  using Bytes = std::vector<std::byte>;

  // `like` is kept as long as this is; null: like nothing.
  explicit PackedBytes(std::span<const std::byte> bytes, std::shared_ptr<const Bytes> like = nullptr);

  Bytes unpack() const;
  std::size_t packed_size() const { return packed_.size(); }

 private:
  Bytes packed_;
  std::size_t size_;  // unpacked
  std::shared_ptr<const Bytes> like_;
};

}  // namespace smic
