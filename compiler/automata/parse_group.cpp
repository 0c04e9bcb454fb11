// SPDX-License-Identifier: Apache-2.0
// What stands between a `(` and the content of its group: nothing, a name, flags.
#include "compiler/automata/cursor.h"

namespace smic::automata {
namespace {

// What RE2 allows: identifiers in the sense of Unicode, digits in front as well.
bool is_name_character(char32_t point) {
  static const CodePoints allowed = [] {
    CodePoints points;
    for (const auto* name : {"Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Mn", "Mc", "Nd", "Pc"}) {
      points.add(*unicode_class(name));
    }
    points.ranges();
    return points;
  }();
  return allowed.contains(point);
}

bool is_name(std::string_view text) {
  Cursor name(text);
  while (!name.done()) {
    const std::optional<char32_t> point = name.take_point();
    if (!point || !is_name_character(*point)) return false;
  }
  return !text.empty();
}

// After `(?P<`. Names serve nothing here, but a bad one is a mistake all the same.
Parsed<bool> parse_name(Cursor& cursor, std::size_t start) {
  const std::size_t length = cursor.rest().find('>');
  if (length == std::string_view::npos) {
    return cursor.fail(start, "missing `>` after the group's name");
  }
  const bool valid = is_name(cursor.rest().substr(0, length));
  cursor.skip(length + 1);
  if (valid) return true;
  return cursor.fail(start, "a group's name is made of letters, digits and `_`");
}

bool take_flag(Cursor& cursor, Flags& flags, bool value) {
  if (cursor.take("i")) return flags.fold = value, true;
  if (cursor.take("m")) return flags.multi_line = value, true;
  if (cursor.take("s")) return flags.dot_all = value, true;
  return cursor.take("U");  // swaps lazy and greedy: the same set of subjects
}

std::unexpected<SyntaxError> refuse_flag(Cursor& cursor, std::size_t start) {
  const std::size_t flag = cursor.offset();
  if (cursor.done()) return cursor.fail(start, "missing `)`", "this `(` is never closed");
  if (!cursor.take_point()) return cursor.fail_utf8();
  return cursor.fail(flag, "unknown group flag " + quoted(cursor.since(flag)),
                     "flags are i, m, s and U, as in `(?i)` or `(?i-s:...)`");
}

// After `(?`: flags to set, then perhaps a `-` and flags to clear, then `:` or `)`.
Parsed<bool> parse_flags(Cursor& cursor, Flags& flags, std::size_t start) {
  Flags changed = flags;
  bool value = true;
  bool dangling = false;  // a `-` that no flag follows
  while (!cursor.at(":") && !cursor.at(")")) {
    if (value && cursor.take("-")) {
      value = false;
      dangling = true;
      continue;
    }
    if (!take_flag(cursor, changed, value)) return refuse_flag(cursor, start);
    dangling = false;
  }
  if (dangling) return refuse_flag(cursor, start);
  flags = changed;
  if (cursor.take(":")) return true;
  cursor.take(")");
  return false;
}

}  // namespace

Parsed<bool> parse_group_opening(Cursor& cursor, Flags& flags) {
  const std::size_t start = cursor.offset();
  if (cursor.take("(?P<")) return parse_name(cursor, start);
  if (auto refused = refuse_by_name(cursor)) return *std::move(refused);
  if (cursor.take("(?")) return parse_flags(cursor, flags, start);
  cursor.take("(");
  return true;
}

}  // namespace smic::automata
