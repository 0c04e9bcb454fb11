// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/compile/check_limits_test.cpp.
#include "compiler/check_limits.h"

#include <optional>
#include <set>

#include "contract/image.h"

namespace smic {
namespace {

struct Excess {
  const ir::Origin* origin = nullptr;
  std::string message;
  std::string help;
};

std::string number(std::size_t n) { return std::to_string(n); }

std::optional<Excess> excess_of_headers(const ir::Unit& unit) {
  std::set<std::string_view> names;
  for (const ir::Match& match : unit.matches) {
    for (const ir::HeaderTest& test : match.headers) {
      if (test.name.size() > contract::kMaxHeaderName) {
        return Excess{&match.origin,
                      "a header name of " + number(test.name.size()) + " bytes, `" +
                          test.name.substr(0, 32) + "…`, is beyond " +
                          number(contract::kMaxHeaderName),
                      "no client sends such a header"};
      }
      names.insert(test.name);
      if (names.size() > contract::kMaxHeaderSlots) {
        return Excess{&match.origin,
                      "more than " + number(contract::kMaxHeaderSlots) + " different headers",
                      "test values of one header instead of headers of many names"};
      }
    }
  }
  return std::nullopt;
}

std::size_t backends_of(const ir::Action& action) {
  return std::visit([](const auto& some) { return some.backends.size(); }, action);
}

std::optional<Excess> excess_of_routes(const ir::Unit& unit) {
  for (const ir::Route& route : unit.routes) {
    const std::size_t backends = backends_of(route.action);
    if (backends <= contract::kMaxRouteBackends) continue;
    return Excess{&route.origin,
                  "a route with " + number(backends) + " backends is beyond " +
                      number(contract::kMaxRouteBackends),
                  "split among fewer Services, with more pods each"};
  }
  if (unit.routes.size() <= contract::kMaxRoutes) return std::nullopt;
  return Excess{&unit.routes[contract::kMaxRoutes].origin,
                "more than " + number(contract::kMaxRoutes) + " routes", ""};
}

Span span_of(const ir::Origin& origin, const Sources& sources) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources.name(SourceId(i)) == origin.file) return {SourceId(i), origin.line, 1, 1};
  }
  return {SourceId(sources.size() - 1), 0, 0, 0};
}

}  // namespace

void leave_out_what_no_image_holds(std::vector<ir::Unit>& units, const Sources& sources,
                                   Diagnostics& diagnostics) {
  std::erase_if(units, [&](const ir::Unit& unit) {
    auto excess = excess_of_headers(unit);
    if (!excess) excess = excess_of_routes(unit);
    if (!excess) return false;
    diagnostics.report(
        "E59", span_of(*excess->origin, sources),
        "unit " + ir::to_string(unit.service) + ":" + number(unit.port) + " has " + excess->message,
        excess->help);
    return true;
  });
}

}  // namespace smic
