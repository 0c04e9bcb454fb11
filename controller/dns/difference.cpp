// SPDX-License-Identifier: Apache-2.0
// Tested by config_map_test.cpp.
#include "controller/dns/difference.h"

#include <algorithm>

#include "controller/dns/lines.h"

namespace smic::dns_stub {
namespace {

constexpr std::size_t kContext = 3;

std::string line_of(char sign, std::string_view line) {
  const std::string text = sign + std::string(line);
  return line.ends_with('\n') ? text : text + "\n\\ No newline at end of file\n";
}

std::string range_of(std::size_t first, std::size_t count) {
  return std::to_string(count == 0 ? first : first + 1) + ',' + std::to_string(count);
}

}  // namespace

std::string difference(std::string_view name, std::string_view before, std::string_view after) {
  if (before == after) return {};
  const auto old_lines = lines_of(before), new_lines = lines_of(after);
  const auto first =
      static_cast<std::size_t>(std::ranges::mismatch(old_lines, new_lines).in1 - old_lines.begin());
  std::size_t tail = 0;
  const std::size_t most = std::min(old_lines.size(), new_lines.size()) - first;
  while (tail < most && old_lines.end()[-1 - static_cast<std::ptrdiff_t>(tail)] ==
                            new_lines.end()[-1 - static_cast<std::ptrdiff_t>(tail)]) {
    ++tail;
  }
  const std::size_t begin = first - std::min(first, kContext);
  const std::size_t behind = std::min(tail, kContext);
  const std::size_t old_end = old_lines.size() - tail, new_end = new_lines.size() - tail;

  std::string text = "--- " + std::string(name) + "\n+++ " + std::string(name) + "\n@@ -" +
                     range_of(begin, old_end + behind - begin) + " +" +
                     range_of(begin, new_end + behind - begin) + " @@\n";
  for (std::size_t i = begin; i < first; ++i) text += line_of(' ', old_lines[i]);
  for (std::size_t i = first; i < old_end; ++i) text += line_of('-', old_lines[i]);
  for (std::size_t i = first; i < new_end; ++i) text += line_of('+', new_lines[i]);
  for (std::size_t i = old_end; i < old_end + behind; ++i) text += line_of(' ', old_lines[i]);
  return text;
}

}  // namespace smic::dns_stub
