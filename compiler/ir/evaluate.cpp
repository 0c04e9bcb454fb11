// SPDX-License-Identifier: Apache-2.0
// The meaning of a unit, written so that a reader can hold it against ir.h line by line. Nothing
// here is clever or fast, and nothing here may become so: this file is the judge of the others.
//
// Tested by tests/unit/ir/evaluate_test.cpp; judges everything in tests/differential.
#include <algorithm>

#include "base/overload.h"
#include "compiler/ir/ir.h"

namespace smic::ir {
namespace {

class Evaluator {
 public:
  Evaluator(const Unit& unit, const Request& request, RegexJudge& judge)
      : unit_(unit), request_(request), judge_(judge) {}

  bool holds(const Condition& condition) const {
    return std::visit(
        Overload{[](const Always&) { return true; }, [](const Never&) { return false; },
                 [this](const AnyOf& any) {
                   return std::ranges::any_of(
                       any.matches, [this](MatchId id) { return holds(unit_.matches[id.value]); });
                 }},
        condition);
  }

  bool holds(const Allow& allow) const { return from(allow.from) && holds(allow.when); }

 private:
  bool holds(const Match& match) const {
    if ((match.methods & method_bit(request_.method)) == 0) return false;
    if (match.path && !judge_.matches(*match.path, request_.path, false)) return false;
    return std::ranges::all_of(match.headers, [this](const HeaderTest& t) { return holds(t); });
  }

  bool holds(const HeaderTest& test) const {
    return std::ranges::any_of(request_.headers, [&](const auto& line) {
      return line.first == test.name && judge_.matches(test.regex, line.second, true);
    });
  }

  bool from(const Sources& sources) const {
    return std::visit(Overload{[](const AnySource&) { return true; },
                               [this](SourceSetId id) {
                                 return request_.source &&
                                        unit_.sources[id.value].members.contains(*request_.source);
                               }},
                      sources);
  }

  const Unit& unit_;
  const Request& request_;
  RegexJudge& judge_;
};

}  // namespace

Evaluation evaluate(const Unit& unit, const Request& request, RegexJudge& judge) {
  const Evaluator evaluator(unit, request, judge);
  Evaluation result;
  while (!evaluator.holds(unit.routes[result.route].when)) ++result.route;  // the last one holds
  for (std::size_t i = 0; i < unit.allows.size(); ++i) {
    if (evaluator.holds(unit.allows[i])) result.allows.insert(i);
  }
  return result;
}

}  // namespace smic::ir
