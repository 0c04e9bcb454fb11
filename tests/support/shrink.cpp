// SPDX-License-Identifier: Apache-2.0
#include "tests/support/shrink.h"

#include <algorithm>
#include <optional>

namespace smic::test {
namespace {

template <class Items>
void erase_at(Items& items, std::size_t index) {
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(index));
}

void erase_match(ir::Unit& unit, std::size_t index) {
  erase_at(unit.matches, index);
  const auto leave_out = [index](ir::Condition& condition) {
    auto* any = std::get_if<ir::AnyOf>(&condition);
    if (!any) return;
    std::erase(any->matches, ir::MatchId(index));
    for (ir::MatchId& id : any->matches) id.value -= id.value > index ? 1 : 0;
  };
  for (ir::Route& route : unit.routes) leave_out(route.when);
  for (ir::Allow& allow : unit.allows) leave_out(allow.when);
}

void erase_source(ir::Unit& unit, std::size_t index) {
  erase_at(unit.sources, index);
  for (ir::Allow& allow : unit.allows) {
    auto* from = std::get_if<ir::SourceSetId>(&allow.from);
    if (!from || from->value < index) continue;
    // One that named the erased set names none, and verify() refuses the unit.
    from->value = from->value == index ? static_cast<std::uint32_t>(-1) : from->value - 1;
  }
}

// Every way to leave one thing out, larger things first.
class Smaller {
 public:
  Smaller(const Case& from, const std::function<bool(Case)>& accept)
      : from_(from), accept_(accept) {}

  bool any() {
    const ir::Unit& unit = from_.unit;
    return each(unit.allows.size(), [](Case& c, std::size_t i) { erase_at(c.unit.allows, i); }) ||
           each(unit.routes.size() - 1,
                [](Case& c, std::size_t i) { erase_at(c.unit.routes, i); }) ||
           each(unit.matches.size(), [](Case& c, std::size_t i) { erase_match(c.unit, i); }) ||
           each(unit.sources.size(), [](Case& c, std::size_t i) { erase_source(c.unit, i); }) ||
           within_matches() || within_conditions() || within_actions() || within_request();
  }

 private:
  template <class Edit>
  bool each(std::size_t count, Edit edit) {
    for (std::size_t i = 0; i < count; ++i) {
      Case smaller = from_;
      edit(smaller, i);
      if (ir::verify(smaller.unit) && accept_(std::move(smaller))) return true;
    }
    return false;
  }

  bool within_matches() {
    for (std::size_t m = 0; m < from_.unit.matches.size(); ++m) {
      const ir::Match& match = from_.unit.matches[m];
      const auto drop_header = [m](Case& c, std::size_t i) {
        erase_at(c.unit.matches[m].headers, i);
      };
      const auto drop_path = [m](Case& c, std::size_t) { c.unit.matches[m].path.reset(); };
      const auto any_method = [m](Case& c, std::size_t) {
        c.unit.matches[m].methods = ir::kAnyMethod;
      };
      if (each(match.headers.size(), drop_header) || each(match.path ? 1 : 0, drop_path) ||
          each(match.methods != ir::kAnyMethod ? 1 : 0, any_method)) {
        return true;
      }
    }
    return false;
  }

  bool within_conditions() {
    const auto of = [](ir::Unit& unit, std::size_t i) -> ir::Condition& {
      return i < unit.routes.size() ? unit.routes[i].when
                                    : unit.allows[i - unit.routes.size()].when;
    };
    Case copy = from_;
    for (std::size_t i = 0; i < copy.unit.routes.size() + copy.unit.allows.size(); ++i) {
      const auto* any = std::get_if<ir::AnyOf>(&of(copy.unit, i));
      const auto drop = [&, i](Case& c, std::size_t k) {
        erase_at(std::get<ir::AnyOf>(of(c.unit, i)).matches, k);
      };
      if (any && each(any->matches.size(), drop)) return true;
    }
    return false;
  }

  bool within_actions() {
    for (std::size_t r = 0; r < from_.unit.routes.size(); ++r) {
      const auto* forward = std::get_if<ir::Forward>(&from_.unit.routes[r].action);
      const auto drop = [r](Case& c, std::size_t i) {
        erase_at(std::get<ir::Forward>(c.unit.routes[r].action).backends, i);
      };
      if (forward && each(forward->backends.size(), drop)) return true;
    }
    return false;
  }

  bool within_request() {
    return each(from_.request.headers.size(),
                [](Case& c, std::size_t i) { erase_at(c.request.headers, i); }) ||
           each(from_.request.path.size(),
                [](Case& c, std::size_t i) { erase_at(c.request.path, i); }) ||
           each(from_.request.source ? 1 : 0,
                [](Case& c, std::size_t) { c.request.source.reset(); });
  }

  const Case& from_;
  const std::function<bool(Case)>& accept_;
};

}  // namespace

Case shrink(Case failing, const Fails& fails) {
  std::size_t trials = 0;
  std::optional<Case> found;
  const std::function<bool(Case)> accept = [&](Case smaller) {
    if (++trials > kMaxTrials || !fails(smaller)) return false;
    found = std::move(smaller);
    return true;
  };
  while (Smaller(failing, accept).any()) failing = std::move(*found);
  return failing;
}

std::string print(const Case& shown) {
  std::string text = ir::print(shown.unit);
  // A request prints in the words of a match that only it satisfies.
  ir::Unit asked{
      .matches = {{.methods = ir::method_bit(shown.request.method), .path = shown.request.path}}};
  for (const auto& [name, value] : shown.request.headers) {
    asked.matches[0].headers.push_back({name, value});
  }
  const std::string words = ir::print(asked);
  const std::size_t begin = words.find("= ") + 2;
  text += "request: " + words.substr(begin, words.find(" @ ", begin) - begin) + " from " +
          (shown.request.source ? ir::to_string(*shown.request.source) : "nobody") + "\n";
  return text;
}

}  // namespace smic::test
