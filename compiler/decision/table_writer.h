// SPDX-License-Identifier: Apache-2.0
// Little-endian bytes, appended and patched.
#pragma once

#include <cstdint>
#include <vector>

namespace smic::decision {

class TableWriter {
 public:
  std::uint32_t position() const { return static_cast<std::uint32_t>(bytes_.size()); }

  void put8(std::uint32_t value) { bytes_.push_back(static_cast<std::uint8_t>(value)); }
  void put16(std::uint32_t value) { put(value, 2); }
  void put32(std::uint32_t value) { put(value, 4); }
  void put64(std::uint64_t value) { put(value, 8); }
  void align(std::uint32_t to) {
    while (bytes_.size() % to != 0) bytes_.push_back(0);
  }
  void skip(std::uint32_t count) { bytes_.resize(bytes_.size() + count); }

  void patch8(std::uint32_t at, std::uint32_t value) {
    bytes_[at] = static_cast<std::uint8_t>(value);
  }
  void patch32(std::uint32_t at, std::uint32_t value) {
    for (std::uint32_t i = 0; i < 4; ++i) patch8(at + i, value >> (8 * i));
  }

  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  void put(std::uint64_t value, std::uint32_t size) {
    for (std::uint32_t i = 0; i < size; ++i) put8(static_cast<std::uint8_t>(value >> (8 * i)));
  }

  std::vector<std::uint8_t> bytes_;
};

}  // namespace smic::decision
