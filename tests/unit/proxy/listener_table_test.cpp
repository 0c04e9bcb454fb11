// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/listener_table.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/support/raw_socket.h"
#include "tests/support/test_mesh.h"

using namespace smic;
using namespace smic::proxy;
using smic::test::TestUnit;
using Kind = net::Listeners::Kind;

namespace {

constexpr std::size_t kMany = 10'000;

// 127.A.x.y, by number: addresses enough for many, away from other tests'.
TestUnit unit_at(std::uint32_t number, std::uint16_t port, const std::string& net = "127.77.") {
  TestUnit unit;
  unit.service = "shop/s" + std::to_string(number);
  unit.address = net + std::to_string(number / 250) + "." + std::to_string(1 + number % 250);
  unit.port = port;
  return unit;
}

std::vector<TestUnit> units_of(std::uint32_t first, std::uint32_t last, std::uint16_t port) {
  std::vector<TestUnit> units;
  for (std::uint32_t i = first; i < last; ++i) units.push_back(unit_at(i, port));
  return units;
}

// Prepares, commits, and closes the sockets as a worker would that owned them.
ListenerTable::Change change(ListenerTable& table, const std::vector<TestUnit>& units) {
  auto prepared = table.prepare(test::snapshot_of(1, units));
  REQUIRE(prepared.has_value());
  table.commit(*prepared);
  return std::move(*prepared);
}

}  // namespace

TEST_CASE("ten thousand listeners open, half of them make way for others, and all close") {
  const std::uint16_t port = test::free_port();
  ListenerTable table(1, false);
  {
    const auto opened = change(table, units_of(0, kMany, port));
    CHECK(opened.unbound->empty());
    REQUIRE(opened.opening.size() == kMany);
    const auto again = change(table, units_of(0, kMany, port));
    CHECK(again.opening.empty());
    CHECK(again.closing.empty());
  }
  // What closes gives its numbers to what opens next, in a new generation.
  const auto shrunk = change(table, units_of(0, kMany / 2, port));
  CHECK(shrunk.closing.size() == kMany / 2);
  const auto grown = change(table, units_of(0, kMany, port));
  REQUIRE(grown.opening.size() == kMany / 2);
  std::set<std::uint32_t> numbers;
  for (const auto& one : grown.opening) {
    CHECK(one.key.generation == 2);
    numbers.insert(one.key.number);
  }
  CHECK(numbers.size() == kMany / 2);
  CHECK(*numbers.rbegin() < kMany);
  CHECK(table.size() == kMany);
  CHECK(change(table, {}).closing.size() == kMany);
  CHECK(table.size() == 0);
}

TEST_CASE("a unit of two IP families has two listeners, which come and go with their addresses") {
  TestUnit unit = unit_at(1, test::free_port());
  unit.more_addresses = {"::1"};
  ListenerTable table(1, false);
  const auto opened = change(table, {unit});
  REQUIRE(opened.opening.size() == 2);
  for (const auto& one : opened.opening) CHECK(opened.bound[one.key.number].unit == 0);
  unit.more_addresses.clear();
  const auto closed = change(table, {unit});
  REQUIRE(closed.closing.size() == 1);
  CHECK(closed.closing[0].where.address.ip() == "::1");
  CHECK(table.size() == 1);
}

TEST_CASE("TCP and UDP on one address are two listeners") {
  TestUnit tcp = unit_at(1, test::free_port()), udp = tcp;
  udp.service = "shop/udp";
  udp.protocol = contract::Protocol::udp;
  ListenerTable table(2, false);
  const auto opened = change(table, {tcp, udp});
  REQUIRE(opened.opening.size() == 2);
  CHECK(opened.opening[0].where.kind == Kind::connections);
  CHECK(opened.opening[1].where.kind == Kind::datagrams);
  CHECK(opened.opening[1].where.to_string().ends_with(" (UDP)"));
  CHECK(opened.opening[1].fds.size() == 2);
  // A port whose protocol changes is given up and opened anew.
  const auto without = change(table, {udp});
  REQUIRE(without.closing.size() == 1);
  CHECK(without.closing[0].where.kind == Kind::connections);
}

TEST_CASE("two units with one address are a contradiction, and nothing is opened for it") {
  TestUnit one = unit_at(1, test::free_port()), other = one;
  other.service = "shop/other";
  const auto prepared = ListenerTable(1, false).prepare(test::snapshot_of(1, {one, other}));
  REQUIRE_FALSE(prepared.has_value());
  CHECK(prepared.error().message.find("have the same address") != std::string::npos);
}

TEST_CASE("an address in use is left out, named, and tried again") {
  const TestUnit good = unit_at(1, test::free_port());
  TestUnit taken = unit_at(2, good.port);
  const auto address = net::SocketAddress::parse(taken.address, taken.port);
  ListenerTable table(2, false), exclusive(2, true);
  const int shared = net::listen_on(*address).value();
  CHECK(change(table, {good, taken}).unbound->empty());
  auto refused = exclusive.prepare(test::snapshot_of(1, {taken}));
  REQUIRE(refused->unbound->size() == 1);
  CHECK(refused->unbound->front().unit == "shop/s2:" + std::to_string(taken.port));
  CHECK(refused->unbound->front().reason ==
        "listen on " + address->to_string() + ": Address already in use");
  CHECK(refused->opening.empty());
  ::close(shared);
  CHECK(exclusive.prepare(test::snapshot_of(1, {taken}))->unbound->empty());
}

TEST_CASE(
    "while some addresses cannot be had, a change of rules neither tries them nor moves others") {
  std::vector<TestUnit> units = units_of(0, 3, test::free_port());
  const auto address = net::SocketAddress::parse(units[1].address, units[1].port);
  ListenerTable table(1, true);
  const int occupier = net::listen_on(*address).value();
  const auto first = change(table, units);
  REQUIRE(first.unbound->size() == 1);
  CHECK(first.opening.size() == 2);
  ::close(occupier);

  units[2].sources = {{"shop/caller", 0}};
  const auto rules = change(table, units);
  CHECK(rules.unbound == first.unbound);
  CHECK(rules.opening.empty());
  CHECK(rules.closing.empty());
  CHECK(rules.bound.size() == 2);

  auto again = table.prepare(test::snapshot_of(1, units), ListenerTable::Unhad::try_again);
  REQUIRE(again->opening.size() == 1);
  table.commit(*again);
  CHECK(again->unbound->empty());
  CHECK(again->bound[again->opening[0].key.number].unit == 1);
  CHECK(table.size() == 3);
  // Who moves is a reason to try, too.
  units[0].port = test::free_port();
  CHECK(change(table, units).opening.size() == 1);
}

TEST_CASE("a wildcard of a manifest is the node's own address of that family") {
  TestUnit both = unit_at(1, test::free_port());
  both.address = "0.0.0.0";
  both.more_addresses = {"::"};
  ListenerTable table(1, false, nullptr, {"127.77.9.9"});
  const auto opened = change(table, {both});
  REQUIRE(opened.opening.size() == 1);
  CHECK(opened.opening.front().where.address.ip() == "127.77.9.9");
  CHECK(opened.unbound->empty());
}

TEST_CASE("a wildcard is not bound where the node's addresses are not known") {
  TestUnit unit = unit_at(1, test::free_port());
  unit.address = "0.0.0.0";
  ListenerTable table(1, false);
  for (int again = 0; again < 2; ++again) {
    const auto opened = change(table, {unit});
    CHECK(opened.opening.empty());
    REQUIRE(opened.unbound->size() == 1);
    CHECK(opened.unbound->front().unit == "shop/s1:" + std::to_string(unit.port));
    CHECK(opened.unbound->front().reason ==
          "no address of this node is known for it: see --node-addresses");
  }
}
