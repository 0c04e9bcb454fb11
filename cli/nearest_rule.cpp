// SPDX-License-Identifier: Apache-2.0
// For a denial: the rules that come nearest, and what in the request would have to differ.
//
// A rule is near if its destination is one of the pods in question. First come rules that name the
// caller: there only the request is wrong, and the match with the fewest wrong parts is shown. Then
// rules that cover the request but not the caller. A rule that is wrong in both is not worth a
// line.
#include <algorithm>
#include <set>

#include "base/overload.h"
#include "cli/explanation.h"
#include "compiler/judge.h"

namespace smic::cli {
namespace {

constexpr std::size_t kMostHints = 3;

bool concerns(const ir::Allow& allow, const std::vector<BackendAnswer>& backends) {
  const auto* to = std::get_if<ir::DestinationRef>(&allow.to);
  if (to == nullptr) return false;
  const std::string identity = ir::to_string(to->identity);
  return std::ranges::any_of(backends, [&](const BackendAnswer& each) {
    const bool unknown = each.identities.empty();  // rule IR alone
    return each.usable() &&
           (unknown || std::ranges::find(each.identities, identity) != each.identities.end());
  });
}

const std::set<ir::Identity>* members_of(const ir::Unit& unit, const ir::Allow& allow) {
  const auto* id = std::get_if<ir::SourceSetId>(&allow.from);
  return id == nullptr ? nullptr : &unit.sources.at(id->value).members;
}

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

// What keeps the request from satisfying `match`, part by part; empty = it does satisfy it.
std::vector<std::string> wrong_parts(const ir::Match& match, const Query& query) {
  AutomataJudge judge;
  std::vector<std::string> wrong;
  if (!(match.methods & ir::method_bit(method_of(query)))) {
    wrong.push_back("the method would have to be " + methods_text(match.methods));
  }
  if (match.path && !judge.matches(*match.path, query.path, false)) {
    wrong.push_back("the path would have to match `" + *match.path + "`");
  }
  for (const ir::HeaderTest& test : match.headers) {
    const bool holds = std::ranges::any_of(query.headers, [&](const auto& header) {
      return header.first == test.name && judge.matches(test.regex, header.second, true);
    });
    if (!holds) {
      wrong.push_back("the header `" + test.name + "` would have to match `" + test.regex + "`");
    }
  }
  return wrong;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", and ") + part;
  return text;
}

// The match of the condition that is nearest to holding. No matches: it can never hold.
std::string what_differs(const ir::Unit& unit, const ir::Condition& condition, const Query& query) {
  const auto* any = std::get_if<ir::AnyOf>(&condition);
  if (any == nullptr || any->matches.empty()) return "its rules allow nothing";
  std::vector<std::string> best;
  for (ir::MatchId id : any->matches) {
    std::vector<std::string> wrong = wrong_parts(unit.matches.at(id.value), query);
    if (best.empty() || wrong.size() < best.size()) best = std::move(wrong);
  }
  return joined(best);
}

bool condition_holds(const ir::Unit& unit, const ir::Condition& condition, const Query& query) {
  return std::visit(
      Overload{[](const ir::Always&) { return true; }, [](const ir::Never&) { return false; },
               [&](const ir::AnyOf& any) {
                 return std::ranges::any_of(any.matches, [&](ir::MatchId id) {
                   return wrong_parts(unit.matches.at(id.value), query).empty();
                 });
               }},
      condition);
}

std::string sources_text(const std::set<ir::Identity>& members) {
  if (members.empty()) return "nobody: its sources match no pod";
  std::string text;
  for (const ir::Identity& member : members) {
    text += (text.empty() ? "" : ", ") + ir::to_string(member);
  }
  return text;
}

}  // namespace

std::vector<std::string> nearest_rules(const ir::Unit& unit, const Query& query,
                                       const std::vector<BackendAnswer>& backends) {
  std::vector<std::string> of_the_caller, of_others;
  for (const ir::Allow& allow : unit.allows) {
    if (!concerns(allow, backends)) continue;
    const std::string rule = allow.origin.resource + " (" + place_of(allow.origin) + ")";
    const std::set<ir::Identity>* members = members_of(unit, allow);
    const bool covers_request = condition_holds(unit, allow.when, query);
    if (members == nullptr || members->contains(query.from)) {
      of_the_caller.push_back(covers_request ? rule + " opens another port of these pods"
                                             : rule + " names this caller, but " +
                                                   what_differs(unit, allow.when, query));
    } else if (covers_request) {
      of_others.push_back(rule + " allows this from " + sources_text(*members));
    }
  }
  std::vector<std::string> hints = std::move(of_the_caller);
  hints.insert(hints.end(), of_others.begin(), of_others.end());
  if (hints.size() > kMostHints) hints.resize(kMostHints);
  if (hints.empty()) hints.emplace_back("no TrafficTarget comes near: none allows these pods this");
  return hints;
}

}  // namespace smic::cli
