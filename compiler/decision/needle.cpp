// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/decision/needle_test.cpp.
#include "compiler/decision/needle.h"

#include "contract/tables.h"

namespace smic::decision {
namespace {

constexpr std::string_view kAnything = ".*";
constexpr std::string_view kPlain = " /_:;,=-@%&#~!<>'\"";  // mean themselves
constexpr std::string_view kSpecial = "\\.+*?()|[]{}^$";    // do if escaped

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool contains(std::string_view text, char c) { return text.find(c) != std::string_view::npos; }

}  // namespace

std::optional<std::string> needle_of(std::string_view pattern) {
  if (pattern.size() < 2 * kAnything.size() || !pattern.starts_with(kAnything) ||
      !pattern.ends_with(kAnything)) {
    return std::nullopt;
  }
  pattern = pattern.substr(kAnything.size(), pattern.size() - 2 * kAnything.size());
  std::string needle;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool escaped = pattern[i] == '\\';
    if (escaped && ++i == pattern.size()) return std::nullopt;  // `.*a\.*`
    const char c = pattern[i];
    const bool itself = escaped ? contains(kSpecial, c) : is_alphanumeric(c) || contains(kPlain, c);
    if (!itself) return std::nullopt;
    needle += c;
  }
  if (needle.empty() || needle.size() > contract::kMaxNeedle) return std::nullopt;
  return needle;
}

}  // namespace smic::decision
