// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/automata/cursor.h"

namespace smic::automata {
namespace {

// As in RE2: no leading zeros, and beyond eight digits it is no number but literal text.
bool take_number(Cursor& cursor, std::uint32_t& number) {
  const std::string_view rest = cursor.rest();
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0 || digits > 8 || (digits > 1 && rest[0] == '0')) return false;
  number = 0;
  for (const char digit : rest.substr(0, digits)) number = number * 10 + (digit - '0');
  cursor.skip(digits);
  return true;
}

}  // namespace

std::optional<Count> take_count(Cursor& cursor) {
  if (cursor.take("*")) return Count{0, Count::kUnbounded};
  if (cursor.take("+")) return Count{1, Count::kUnbounded};
  if (cursor.take("?")) return Count{0, 1};
  Cursor ahead = cursor;
  ahead.take("{");
  Count count;
  if (!take_number(ahead, count.least)) return std::nullopt;
  if (ahead.take(",")) {
    if (!ahead.at("}") && !take_number(ahead, count.most)) return std::nullopt;
  } else {
    count.most = count.least;
  }
  if (!ahead.take("}")) return std::nullopt;
  cursor = ahead;
  return count;
}

}  // namespace smic::automata
