// SPDX-License-Identifier: Apache-2.0
// What every stage may rely on after a unit was handed on. Stages that build units call this at
// their end; the text reader turns the answer into a diagnostic, everybody else into a bug.
//
// Tested by tests/unit/ir/verify_test.cpp, one case a rule.
#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "base/overload.h"
#include "compiler/ir/ir.h"

namespace smic::ir {
namespace {

// Patterns of one header take a word for 64 of them, and a leaf of the tables counts words in 16
// bits (contract::LeafRecord): the sum over all headers' names may be so much.
constexpr std::size_t kMaxHeaderWords = 0xffff;

bool is_token(std::string_view text) {  // RFC 9110 §5.6.2, lower-case
  constexpr std::string_view kTokenChars = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
  return !text.empty() && text.find_first_not_of(kTokenChars) == std::string_view::npos;
}

// The manifest writes "namespace/name", so a slash inside either would make two names one.
bool is_name(std::string_view ns, std::string_view name) {
  return !ns.empty() && !name.empty() && !ns.contains('/') && !name.contains('/');
}

class Verifier {
 public:
  explicit Verifier(const Unit& unit) : unit_(unit) {}

  // The first rule that is broken; empty = none.
  std::string broken() {
    unit_head();
    for (std::size_t i = 0; i < unit_.sources.size(); ++i) source(i);
    for (std::size_t i = 0; i < unit_.matches.size(); ++i) match(i);
    headers();
    if (unit_.routes.empty()) complain("unit", "has no route");
    for (std::size_t i = 0; i < unit_.routes.size(); ++i) route(i);
    for (std::size_t i = 0; i < unit_.allows.size(); ++i) allow(i);
    destinations();
    return broken_;
  }

 private:
  void unit_head() {
    if (!is_name(unit_.service.ns, unit_.service.name))
      complain("unit", "has a service without name");
    if (unit_.port == 0) complain("unit", "has port 0");
    if (unit_.protocol != Protocol::http && !unit_.matches.empty()) {
      complain("unit", "is not http but has matches");
    }
    policy();
  }

  void policy() {
    const std::string_view broken = contract::broken_rule(unit_.policy);
    if (!broken.empty()) complain("unit", broken);
    RoutePolicy about_requests = unit_.policy;
    about_requests.split_shares.reset();
    if (unit_.protocol == Protocol::tcp) about_requests.idle_timeout.reset();
    if (unit_.protocol != Protocol::http && !about_requests.empty()) {
      complain("unit", "has a policy that its protocol does not have");
    }
  }

  void source(std::size_t index) {
    for (const Identity& member : unit_.sources[index].members) {
      if (!is_name(member.ns, member.name))
        complain("source s", index, "has a member without name");
    }
  }

  void match(std::size_t index) {
    const Match& match = unit_.matches[index];
    if ((match.methods & ~kAnyMethod) != 0) complain("match m", index, "has an unknown method");
    for (const HeaderTest& test : match.headers) {
      if (!is_token(test.name) && test.name != kMethodHeader) {
        complain("match m", index, "tests a header whose name is no lower-case token");
      }
    }
  }

  void headers() {
    std::map<std::string_view, std::set<std::string_view>> patterns;
    for (const Match& match : unit_.matches) {
      for (const HeaderTest& test : match.headers) patterns[test.name].insert(test.regex);
    }
    std::size_t words = 0;
    for (const auto& [name, regexes] : patterns) words += (regexes.size() + 63) / 64;
    if (words > kMaxHeaderWords) {
      complain("unit", "tests more headers than " + std::to_string(kMaxHeaderWords) +
                           " words of 64 patterns can hold");
    }
  }

  void route(std::size_t index) {
    const Route& route = unit_.routes[index];
    const bool last = index + 1 == unit_.routes.size();
    const bool always = std::holds_alternative<Always>(route.when);
    if (last && !always) complain("route r", index, "is the last but has a condition");
    if (!last && always) complain("route r", index, "has no condition but is not the last");
    condition("route r", index, route.when);
    std::visit(Overload{[&](const Forward& f) {
                          backends(index, f.backends);
                          const auto weighs = [](const BackendRef& b) { return b.weight > 0; };
                          if (std::ranges::none_of(f.backends, weighs)) {
                            complain("route r", index, "forwards to no backend with a weight");
                          }
                        },
                        [&](const Unavailable& u) { backends(index, u.backends); }},
               route.action);
  }

  void backends(std::size_t route, const std::vector<BackendRef>& backends) {
    for (const BackendRef& backend : backends) {
      if (!is_name(backend.service.ns, backend.service.name)) {
        complain("route r", route, "has a backend without name");
      }
      if (backend.port == 0) complain("route r", route, "has a backend with port 0");
    }
  }

  void allow(std::size_t index) {
    const Allow& allow = unit_.allows[index];
    const bool permissive = unit_.access == AccessMode::permissive;
    std::visit(Overload{[&](const AnySource&) {
                          if (!permissive)
                            complain("allow", index, "has any source in enforce mode");
                        },
                        [&](SourceSetId id) {
                          if (id.value >= unit_.sources.size()) {
                            complain("allow", index, "names a source that is not there");
                          }
                        }},
               allow.from);
    std::visit(Overload{[&](const AnyDestination&) {
                          if (!permissive) {
                            complain("allow", index, "has any destination in enforce mode");
                          }
                        },
                        [&](const DestinationRef& to) {
                          if (!is_name(to.identity.ns, to.identity.name)) {
                            complain("allow", index, "has a destination without name");
                          }
                          if (to.port == Port{0}) complain("allow", index, "has port 0");
                        }},
               allow.to);
    condition("allow", index, allow.when);
  }

  void condition(std::string_view what, std::size_t index, const Condition& condition) {
    std::visit(Overload{[](const Always&) {}, [](const Never&) {},
                        [&](const AnyOf& any) {
                          for (MatchId id : any.matches) {
                            if (id.value >= unit_.matches.size()) {
                              complain(what, index, "names a match that is not there");
                            }
                          }
                        }},
               condition);
  }

  void destinations() {
    std::set<std::optional<DestinationRef>> distinct;  // nullopt = AnyDestination
    for (const Allow& allow : unit_.allows) {
      const auto* to = std::get_if<DestinationRef>(&allow.to);
      distinct.insert(to ? std::optional(*to) : std::nullopt);
    }
    if (distinct.size() > contract::kMaxDestinations) {
      complain("unit", "has " + std::to_string(distinct.size()) + " destinations, more than " +
                           std::to_string(contract::kMaxDestinations));
    }
  }

  void complain(std::string_view what, std::size_t index, std::string_view broken) {
    const std::string gap = what == "allow" ? " " : "";
    complain(std::string(what) + gap + std::to_string(index), broken);
  }

  void complain(std::string_view what, std::string_view broken) {
    if (broken_.empty()) broken_ = std::string(what) + " " + std::string(broken);
  }

  const Unit& unit_;
  std::string broken_;
};

}  // namespace

Result<void> verify(const Unit& unit) {
  std::string broken = Verifier(unit).broken();
  if (!broken.empty()) return fail(std::move(broken));
  return {};
}

}  // namespace smic::ir
