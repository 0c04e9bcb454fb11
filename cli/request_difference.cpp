// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/near_miss.h"

namespace smic::cli {
namespace {

std::string methods_text(ir::MethodSet methods) {
  std::string text;
  for (std::uint32_t bit = 1; bit < contract::kMethodCount; ++bit) {
    const auto method = static_cast<contract::Method>(bit);
    if (methods & ir::method_bit(method)) {
      text += (text.empty() ? "" : " or ") + std::string(ir::method_name(method));
    }
  }
  return text;
}

// The same of a test of the method's text, `GET|PURGE` with escapes.
std::string methods_text(std::string_view pattern) {
  std::string text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '|') {
      text += " or ";
    } else {
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      text += pattern[i];
    }
  }
  return text;
}

// Absent: it accepts the method.
std::optional<Difference> method_difference(const ir::Match& match, const Query& query,
                                            AutomataJudge& judge) {
  bool accepted = match.methods & ir::method_bit(method_of(query));
  std::string names = methods_text(match.methods);
  for (const ir::HeaderTest& test : match.headers) {
    if (test.name != ir::kMethodHeader) continue;
    accepted &= judge.matches(test.regex, query.method, true);
    names = methods_text(test.regex);
  }
  if (accepted) return std::nullopt;
  return Difference{Difference::Part::method, {}, query.method, std::move(names)};
}

std::optional<Difference> header_difference(const ir::HeaderTest& test, const Query& query,
                                            AutomataJudge& judge) {
  Difference difference{Difference::Part::header, test.name, std::nullopt, test.regex};
  for (const auto& [name, value] : query.headers) {
    if (name != test.name) continue;
    if (judge.matches(test.regex, value, true)) return std::nullopt;
    difference.is = value;
  }
  return difference;
}

}  // namespace

std::vector<Difference> differences(const ir::Match& match, const Query& query,
                                    AutomataJudge& judge) {
  using Part = Difference::Part;
  std::vector<Difference> found;
  if (auto difference = method_difference(match, query, judge)) {
    found.push_back(std::move(*difference));
  }
  if (match.path && !judge.matches(*match.path, query.path, false)) {
    found.push_back({Part::path, {}, query.path, *match.path});
  }
  for (const ir::HeaderTest& test : match.headers) {
    if (test.name == ir::kMethodHeader) continue;
    if (auto difference = header_difference(test, query, judge)) {
      found.push_back(std::move(*difference));
    }
  }
  return found;
}

Nearest nearest_match(const std::vector<const ir::Match*>& matches, const Query& query,
                      AutomataJudge& judge) {
  Nearest nearest{{{Difference::Part::nothing, {}, std::nullopt, {}}}, std::nullopt};
  const std::size_t tried = std::min(matches.size(), kMostMatchesTried);
  for (std::size_t i = 0; i < tried; ++i) {
    std::vector<Difference> differ = differences(*matches[i], query, judge);
    if (nearest.match && differ.size() >= nearest.differ.size()) continue;
    nearest = {std::move(differ), matches[i]->origin};
    if (nearest.differ.empty()) break;
  }
  return nearest;
}

}  // namespace smic::cli
