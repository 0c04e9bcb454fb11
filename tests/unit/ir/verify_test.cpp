// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/ir/ir.h"

using namespace smic::ir;

namespace {

Unit sound() {
  return {.service = {"shop", "web"},
          .port = 80,
          .sources = {{{{"shop", "caller"}}}},
          .matches = {{.path = "/a", .headers = {{"x-a", "b"}}}},
          .routes = {{.when = AnyOf{{MatchId(0)}}, .action = Unavailable{}},
                     {.action = Forward{{{{"shop", "web"}, 80, 1}}}}},
          .allows = {{.to = DestinationRef{{"shop", "web"}, 8080},
                      .from = SourceSetId(0),
                      .when = AnyOf{{MatchId(0)}}}}};
}

// The rule that is broken once `edit` has been at a sound unit.
template <class Edit>
std::string broken_by(Edit edit) {
  Unit unit = sound();
  edit(unit);
  const auto result = verify(unit);
  return result ? "" : result.error().message;
}

}  // namespace

TEST_CASE("verify accepts a well-formed unit", "[ir]") {
  REQUIRE(broken_by([](Unit&) {}) == "");
  REQUIRE(broken_by([](Unit& u) { u.sources[0].members.clear(); }) == "");
  REQUIRE(broken_by([](Unit& u) { u.routes[0].when = AnyOf{}; }) == "");
}

TEST_CASE("verify refuses names that are empty or hold a slash", "[ir]") {
  REQUIRE(broken_by([](Unit& u) { u.service.ns = ""; }) == "unit has a service without name");
  REQUIRE(broken_by([](Unit& u) { u.service.name = "a/b"; }) == "unit has a service without name");
  REQUIRE(broken_by([](Unit& u) { u.sources[0].members.insert({"", "x"}); }) ==
          "source s0 has a member without name");
  REQUIRE(broken_by([](Unit& u) { u.allows[0].to = DestinationRef{{"shop", ""}, {}}; }) ==
          "allow 0 has a destination without name");
  REQUIRE(broken_by([](Unit& u) { u.routes[0].action = Unavailable{{{{"", ""}, 80, 0}}}; }) ==
          "route r0 has a backend without name");
}

TEST_CASE("verify refuses policies out of range, and any about requests where there are none") {
  REQUIRE(broken_by([](Unit& u) { u.policy.retry_attempts = {2, {}}; }) == "");
  REQUIRE(broken_by([](Unit& u) { u.policy.retry_attempts = {0, {}}; }) ==
          "unit has retry attempts that are not 1 to 10");
  const auto as_tcp = [](Unit& u) {
    u.protocol = Protocol::tcp;
    u.matches.clear();
    u.routes.erase(u.routes.begin());
    u.allows[0].when = Always{};
    u.policy.idle_timeout = {std::chrono::seconds(5), {}};
  };
  REQUIRE(broken_by(as_tcp) == "");
  REQUIRE(broken_by([&](Unit& u) {
            as_tcp(u);
            u.protocol = Protocol::udp;
          }) == "unit has a policy that its protocol does not have");
  REQUIRE(broken_by([&](Unit& u) {
            as_tcp(u);
            u.protocol = Protocol::udp;
            u.policy = {.split_shares = {{smic::contract::SplitShares::strict, {}}}};
          }) == "");
  REQUIRE(broken_by([&](Unit& u) {
            as_tcp(u);
            u.policy.retry_attempts = {2, {}};
          }) == "unit has a policy that its protocol does not have");
}

TEST_CASE("verify refuses port 0", "[ir]") {
  REQUIRE(broken_by([](Unit& u) { u.port = 0; }) == "unit has port 0");
  REQUIRE(broken_by([](Unit& u) { u.allows[0].to = DestinationRef{{"shop", "web"}, Port{0}}; }) ==
          "allow 0 has port 0");
  REQUIRE(broken_by([](Unit& u) { u.routes[0].action = Unavailable{{{{"a", "b"}, 0, 0}}}; }) ==
          "route r0 has a backend with port 0");
}

TEST_CASE("verify refuses indices that point nowhere", "[ir]") {
  REQUIRE(broken_by([](Unit& u) { u.allows[0].from = SourceSetId(1); }) ==
          "allow 0 names a source that is not there");
  REQUIRE(broken_by([](Unit& u) { u.allows[0].when = AnyOf{{MatchId(1)}}; }) ==
          "allow 0 names a match that is not there");
  REQUIRE(broken_by([](Unit& u) { u.routes[0].when = AnyOf{{MatchId(0), MatchId(7)}}; }) ==
          "route r0 names a match that is not there");
}

TEST_CASE("verify wants exactly the last route to be without condition", "[ir]") {
  REQUIRE(broken_by([](Unit& u) { u.routes.clear(); }) == "unit has no route");
  REQUIRE(broken_by([](Unit& u) { u.routes[0].when = Always{}; }) ==
          "route r0 has no condition but is not the last");
  REQUIRE(broken_by([](Unit& u) { u.routes[1].when = Never{}; }) ==
          "route r1 is the last but has a condition");
}

TEST_CASE("verify wants a forward to have a weight", "[ir]") {
  REQUIRE(broken_by([](Unit& u) { u.routes[1].action = Forward{}; }) ==
          "route r1 forwards to no backend with a weight");
  REQUIRE(broken_by([](Unit& u) { u.routes[1].action = Forward{{{{"a", "b"}, 80, 0}}}; }) ==
          "route r1 forwards to no backend with a weight");
}

TEST_CASE("verify refuses methods and header names that no request can have", "[ir]") {
  REQUIRE(broken_by([](Unit& u) { u.matches[0].methods = kAnyMethod + 1; }) ==
          "match m0 has an unknown method");
  REQUIRE(broken_by([](Unit& u) { u.matches[0].headers[0].name = "X-A"; }) ==
          "match m0 tests a header whose name is no lower-case token");
  REQUIRE(broken_by([](Unit& u) { u.matches[0].headers[0].name = ""; }) ==
          "match m0 tests a header whose name is no lower-case token");
}

TEST_CASE("verify refuses matches in a unit that is not http", "[ir]") {
  REQUIRE(broken_by([](Unit& u) { u.protocol = Protocol::udp; }) ==
          "unit is not http but has matches");
}

TEST_CASE("verify lets only a permissive unit be open", "[ir]") {
  REQUIRE(broken_by([](Unit& u) { u.allows[0].to = AnyDestination{}; }) ==
          "allow 0 has any destination in enforce mode");
  REQUIRE(broken_by([](Unit& u) { u.allows[0].from = AnySource{}; }) ==
          "allow 0 has any source in enforce mode");
  REQUIRE(broken_by([](Unit& u) {
            u.access = AccessMode::permissive;
            u.allows[0] = {.to = AnyDestination{}, .from = AnySource{}};
          }) == "");
}

TEST_CASE("verify bounds the destinations by what a verdict has bits for", "[ir]") {
  const auto with_destinations = [](std::size_t count) {
    return [count](Unit& u) {
      const Allow allow = u.allows[0];
      for (std::size_t i = 1; i < count; ++i) {
        u.allows.push_back(allow);
        u.allows.back().to = DestinationRef{{"shop", "d" + std::to_string(i)}, {}};
        u.allows.push_back(u.allows.back());  // the same once more counts once
      }
    };
  };
  REQUIRE(broken_by(with_destinations(256)) == "");
  REQUIRE(broken_by(with_destinations(257)) == "unit has 257 destinations, more than 256");
}

TEST_CASE("verify bounds the header patterns by what a leaf can count", "[ir]") {
  const auto with_headers = [](std::size_t count) {
    return [count](Unit& u) {
      for (std::size_t i = 1; i < count; ++i) {  // beside the one that is there
        u.matches[0].headers.push_back({"x-" + std::to_string(i), "b"});
      }
    };
  };
  REQUIRE(broken_by(with_headers(65'535)) == "");
  REQUIRE(broken_by(with_headers(65'536)) ==
          "unit tests more headers than 65535 words of 64 patterns can hold");
}
