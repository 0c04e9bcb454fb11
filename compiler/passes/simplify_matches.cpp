// SPDX-License-Identifier: Apache-2.0
// Writes every match in its plainest form: header tests sorted and each once, path patterns without
// what anchoring at the start makes idle.
//
//   path ~ "^/api/.*"                     =>   path ~ "/api/"
//   path ~ ".*"                           =>   any
//   header "b" ~ "1" and header "a" ~ "2" =>   header "a" ~ "2" and header "b" ~ "1"
//
// A path pattern need match only a prefix of the path (D-3), so a `^` in front and a `.*` at the
// end say nothing, and a pattern that accepts the empty prefix accepts every path. Such patterns
// are the commonest in real manifests, and a `.*` over UTF-8 is the dearest thing an automaton can
// hold. Only these two ends are looked at, and only where the text cannot mean something else: `^`
// not before a repetition, `.*` not after a backslash, nothing in a pattern with `\Q`.
//
// Tested by tests/unit/passes/simplify_matches_test.cpp, differential/.
#include <algorithm>
#include <string_view>

#include "compiler/passes/list.h"

namespace smic::passes {
namespace {

bool ends_in_escape(std::string_view text) {  // an odd number of backslashes
  const std::size_t last_other = text.find_last_not_of('\\');
  return (text.size() - (last_other == std::string_view::npos ? 0 : last_other + 1)) % 2 == 1;
}

std::string_view without_idle_ends(std::string_view pattern) {
  constexpr std::string_view kRepeats = "*+?{";
  while (pattern.starts_with('^') && (pattern.size() == 1 || !kRepeats.contains(pattern[1]))) {
    pattern.remove_prefix(1);
  }
  while (pattern.ends_with(".*") && !ends_in_escape(pattern.substr(0, pattern.size() - 2))) {
    pattern.remove_suffix(2);
  }
  return pattern;
}

void simplify_path(std::optional<std::string>& path) {
  if (!path || path->contains("\\Q")) return;
  const std::string_view plain = without_idle_ends(*path);
  if (plain.empty()) {
    path.reset();
  } else if (plain.size() < path->size()) {
    path = std::string(plain);
  }
}

}  // namespace

ir::Unit simplify_matches(ir::Unit unit) {
  for (ir::Match& match : unit.matches) {
    simplify_path(match.path);
    std::ranges::sort(match.headers);
    match.headers.erase(std::ranges::unique(match.headers).begin(), match.headers.end());
  }
  return unit;
}

}  // namespace smic::passes
