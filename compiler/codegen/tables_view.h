// SPDX-License-Identifier: Apache-2.0
// A decision's tables as records. What is out of place here is a bug of compiler/decision.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "contract/tables.h"

namespace smic::codegen {

class TablesView {
 public:
  explicit TablesView(const std::vector<std::uint8_t>& bytes)
      : bytes_(bytes), header_(at<contract::TablesHeader>(0)) {}

  template <class T>
  T at(std::uint64_t offset) const {
    SMIC_CHECK(offset + sizeof(T) <= bytes_.size(), "a decision's tables refer beyond their end");
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  const contract::TablesHeader& header() const { return header_; }

 private:
  const std::vector<std::uint8_t>& bytes_;
  contract::TablesHeader header_;
};

}  // namespace smic::codegen
