// SPDX-License-Identifier: Apache-2.0
// A text as its lines, each with its end: joined again they are the text.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace smic::dns_stub {

inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

}  // namespace smic::dns_stub
