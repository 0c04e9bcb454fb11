// SPDX-License-Identifier: Apache-2.0
#include "tests/support/small_units.h"

#include <array>
#include <optional>

namespace smic::test {
namespace {

const std::array<ir::MethodSet, 3> kMethods = {ir::kAnyMethod, ir::method_bit(ir::Method::kGet),
                                               ir::method_bit(ir::Method::kPost)};
const std::array<std::optional<std::string>, 4> kPaths = {std::nullopt, "/a", "/a/b", "/(a|c).*b$"};
const std::array<std::vector<ir::HeaderTest>, 3> kHeaders = {
    std::vector<ir::HeaderTest>{}, {{"x", "1"}}, {{"x", "[0-9]*"}}};
const std::array<ir::Condition, 5> kConditions = {
    ir::AnyOf{{ir::MatchId(0)}}, ir::AnyOf{{ir::MatchId(1)}},
    ir::AnyOf{{ir::MatchId(0), ir::MatchId(1)}}, ir::Never{}, ir::Always{}};
const std::array<ir::DestinationRef, 2> kDestinations = {ir::DestinationRef{{"n", "d"}, {}},
                                                         ir::DestinationRef{{"n", "d"}, 80}};

constexpr std::size_t kMatchCount = 3 * 4 * 3;
constexpr std::size_t kRouteCount = 5;              // absent, or with a condition but Always
constexpr std::size_t kAllowCount = 1 + 5 * 2 * 2;  // absent, or condition × sources × destination

// The digits of a number in a mixed radix.
class Digits {
 public:
  explicit Digits(std::uint64_t number) : rest_(number) {}
  std::size_t below(std::size_t radix) {
    const std::size_t digit = rest_ % radix;
    rest_ /= radix;
    return digit;
  }

 private:
  std::uint64_t rest_;
};

ir::Action forward(std::string name) { return ir::Forward{{{{"n", std::move(name)}, 80, 1}}}; }

void add_match(ir::Unit& unit, Digits digits) {
  unit.matches.push_back(
      {.methods = kMethods[digits.below(3)],
       .path = kPaths[digits.below(4)],
       .headers = kHeaders[digits.below(3)],
       .origin = {"match", "f", static_cast<std::uint32_t>(unit.matches.size())}});
}

void add_route(ir::Unit& unit, std::size_t digit) {
  if (digit == 0) return;
  const auto index = static_cast<std::uint32_t>(unit.routes.size());
  unit.routes.push_back({.when = kConditions[digit - 1],
                         .action = forward("v" + std::to_string(index)),
                         .origin = {"route", "f", index}});
}

void add_allow(ir::Unit& unit, std::size_t digit) {
  if (digit == 0) return;
  Digits digits(digit - 1);
  const auto index = static_cast<std::uint32_t>(unit.allows.size());
  unit.allows.push_back({.to = kDestinations[digits.below(2)],
                         .from = ir::SourceSetId(digits.below(2)),
                         .when = kConditions[digits.below(5)],
                         .origin = {"allow", "f", index}});
}

}  // namespace

std::uint64_t small_unit_count() {
  return kMatchCount * kMatchCount * kRouteCount * kRouteCount * kAllowCount * kAllowCount;
}

ir::Unit small_unit(std::uint64_t number) {
  Digits digits(number);
  ir::Unit unit{.service = {"n", "svc"}, .port = 80};
  unit.sources = {{{{"n", "i"}}}, {{{"n", "i"}, {"n", "j"}}}};
  add_match(unit, Digits(digits.below(kMatchCount)));
  add_match(unit, Digits(digits.below(kMatchCount)));
  add_route(unit, digits.below(kRouteCount));
  add_route(unit, digits.below(kRouteCount));
  unit.routes.push_back({.action = forward("svc"), .origin = {"root", "f", 9}});
  add_allow(unit, digits.below(kAllowCount));
  add_allow(unit, digits.below(kAllowCount));
  return unit;
}

const std::vector<ir::Request>& small_requests() {
  static const std::vector<ir::Request> kRequests = [] {
    using Headers = std::vector<std::pair<std::string, std::string>>;
    std::vector<ir::Request> requests;
    for (const ir::Method method : {ir::Method::kGet, ir::Method::kPost, ir::Method::kOther}) {
      for (const char* path : {"/a", "/a/b", "/cb", "/b"}) {
        for (const Headers& headers :
             {Headers{}, Headers{{"x", "1"}}, Headers{{"x", ""}}, Headers{{"x", "z"}},
              Headers{{"x", "z"}, {"x", "2"}}, Headers{{"y", "1"}}}) {
          for (const std::optional<ir::Identity>& source :
               {std::optional<ir::Identity>{}, {{"n", "i"}}, {{"n", "j"}}, {{"n", "k"}}}) {
            requests.push_back({method, path, headers, source});
          }
        }
      }
    }
    return requests;
  }();
  return kRequests;
}

}  // namespace smic::test
