// SPDX-License-Identifier: Apache-2.0
// The constructs of other engines that people paste into manifests, each told by its name. None can
// be had in one pass over the subject, or RE2 spells it otherwise.
#include <algorithm>
#include <array>

#include "compiler/automata/cursor.h"

namespace smic::automata {
namespace {

struct Refused {
  std::string_view token;  // as the pattern goes on, from the `\\` or `(`
  std::string_view name;
  std::string_view help;
};

constexpr std::string_view kLookaround =
    "RE2 syntax has no lookaround; split the condition over several matches, or name what may "
    "stand there with a character class";
constexpr std::string_view kBackreference = "RE2 syntax has no backreferences";
constexpr std::string_view kRecursion = "RE2 syntax has no recursion into groups";
constexpr std::string_view kNamed = "write `(?P<name>...)`";
constexpr std::string_view kAtomic =
    "matching never backtracks here, so a plain group `(?:...)` does";
constexpr std::string_view kHorizontal = "write `[\\t ]` for blanks, `\\s` for white space";

constexpr std::array kRefused = std::to_array<Refused>({
    {"(?=", "lookahead `(?=`", kLookaround},
    {"(?!", "negative lookahead `(?!`", kLookaround},
    {"(?<=", "lookbehind `(?<=`", kLookaround},
    {"(?<!", "negative lookbehind `(?<!`", kLookaround},
    {"(?<", "group name in the form `(?<`", kNamed},
    {"(?'", "group name in the form `(?'`", kNamed},
    {"(?P=", "named backreference `(?P=`", kBackreference},
    {"(?P>", "recursion `(?P>`", kRecursion},
    {"(?&", "recursion `(?&`", kRecursion},
    {"(?R", "recursion `(?R`", kRecursion},
    {"(?>", "atomic group `(?>`", kAtomic},
    {"(?|", "branch reset `(?|`", "groups have no numbers here; write `(?:...)`"},
    {"(?#", "comment `(?#`", "leave it out; YAML has comments of its own"},
    {"(?(", "conditional `(?(`", "write both cases as alternatives, `(?:...|...)`"},
    {"(?{", "embedded code `(?{`", ""},
    {"(?C", "callout `(?C`", ""},
    {"(?x", "free-spacing flag `x`", "leave out blanks and comments"},
    {"(*", "control verb `(*`", "to match a `*`, write `\\*`"},
    {"\\Z", "`\\Z`", "write `$` or `\\z` for the end of the text"},
    {"\\G", "`\\G`", "write `\\A` for the beginning of the text"},
    {"\\K", "`\\K`", "only whether there is a match counts here, so leave it out"},
    {"\\k", "named backreference `\\k`", kBackreference},
    {"\\g", "backreference `\\g`", kBackreference},
    {"\\h", "`\\h`", kHorizontal},
    {"\\H", "`\\H`", kHorizontal},
    {"\\R", "`\\R`", "write `\\r?\\n`"},
    {"\\X", "`\\X`", ""},
    {"\\N", "`\\N`", "write `.` for all but a newline"},
    {"\\u", "`\\u`", "write a character code as `\\x{20AC}`"},
    {"\\U", "`\\U`", "write a character code as `\\x{1F600}`"},
    {"\\c", "`\\c`", "write a control character as `\\x03`"},
    {"\\e", "`\\e`", "write `\\x1B`"},
    {"\\E", "`\\E` without `\\Q`", "quoted text is `\\Q...\\E`"},
});

}  // namespace

std::optional<std::unexpected<SyntaxError>> refuse_by_name(Cursor& cursor) {
  const auto refused =
      std::ranges::find_if(kRefused, [&](const Refused& each) { return cursor.at(each.token); });
  if (refused == kRefused.end()) return std::nullopt;
  const std::size_t start = cursor.offset();
  cursor.skip(refused->token.size());
  return cursor.fail(start, std::string(refused->name) + " is not supported",
                     std::string(refused->help));
}

}  // namespace smic::automata
