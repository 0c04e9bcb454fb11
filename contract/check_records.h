// SPDX-License-Identifier: Apache-2.0
// What check_tables.cpp and check_program.cpp share: bounded reads, and an account of what was
// read. Records of honest tables do not overlap, so all of them together are not larger than the
// block; a crafted block where they do is refused once the account is overdrawn, and that bounds
// the time of the check too.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "base/result.h"
#include "contract/tables.h"

namespace smic::contract {

class Records {
 public:
  explicit Records(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), usable_(bytes.size() - kTablesPadding), left_(usable_) {}

  // Takes [at, at + size) as a record; false if it is not all inside or too much was taken.
  bool take(std::uint64_t at, std::uint64_t size) {
    if (at % 4 != 0 || at > usable_ || size > usable_ - at || size > left_) return false;
    left_ -= size;
    return true;
  }

  // Reads inside a record that was taken.
  std::uint32_t read8(std::uint64_t at) const { return bytes_[at]; }
  std::uint32_t read16(std::uint64_t at) const { return read8(at) | read8(at + 1) << 8; }
  std::uint32_t read32(std::uint64_t at) const { return read16(at) | read16(at + 2) << 16; }
  std::uint64_t read64(std::uint64_t at) const {
    return read32(at) | std::uint64_t{read32(at + 4)} << 32;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::uint64_t usable_;
  std::uint64_t left_;
};

inline std::unexpected<Error> refuse(std::string_view what, std::uint64_t at) {
  return fail("the tables are not sound: " + std::string(what) + " at offset " +
              std::to_string(at));
}

}  // namespace smic::contract
