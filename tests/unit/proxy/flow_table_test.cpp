// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/flow_table.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

using namespace smic::proxy;
using smic::net::SocketAddress;

namespace {

FlowKey key_of(std::uint16_t port, std::uint32_t listener = 0) {
  return {{listener, 1}, SocketAddress::parse("127.0.0.1", port).value()};
}

using Table = FlowTable<std::string>;

}  // namespace

TEST_CASE("flows take a quarter of the descriptors at most, and one worker has one at least") {
  CHECK(flows_within(1'000'000, 4, 16'384) == 16'384);
  CHECK(flows_within(20'000, 2, 16'384) == 2'500);
  CHECK(flows_within(16, 64, 16'384) == 1);
  CHECK(flows_within(1'000'000, 4, 8) == 8);
}

TEST_CASE("a flow is found by client and listener, and stays where it is") {
  Table table(10);
  std::string& one = table.add(key_of(1), 0, "one");
  table.add(key_of(1, 2), 0, "other listener");
  table.add(key_of(2), 0, "other client");
  CHECK(table.use(key_of(1), 1) == &one);
  CHECK(*table.use(key_of(1, 2), 1) == "other listener");
  CHECK(table.use(key_of(3), 1) == nullptr);
  table.remove(key_of(1));
  table.remove(key_of(1));
  CHECK(table.use(key_of(1), 2) == nullptr);
  CHECK(table.size() == 2);
}

TEST_CASE("the least recently used is the oldest, and expires when its time has passed") {
  Table table(3);
  for (std::uint16_t i = 1; i <= 3; ++i) table.add(key_of(i), i, std::to_string(i));
  CHECK(table.full());
  CHECK(table.oldest() == "1");
  table.use(key_of(1), 10);
  CHECK(table.oldest() == "2");
  CHECK(table.unused_since(1) == nullptr);
  CHECK(*table.unused_since(2) == "2");
  table.remove_oldest();
  CHECK(*table.unused_since(9) == "3");
  table.remove_oldest();
  CHECK(table.unused_since(9) == nullptr);
  CHECK_FALSE(table.full());
}

TEST_CASE("a flow that moves to another table is the same flow") {
  Table from(1), to(1);
  std::string& flow = from.add(key_of(1), 0, "x");
  from.move_to(to, key_of(1), 5);
  CHECK(from.size() == 0);
  CHECK(to.unused_since(4) == nullptr);
  CHECK(to.unused_since(5) == &flow);
}

TEST_CASE("the table agrees with a naive one over random histories") {
  std::mt19937 random(20261123);
  Table table(16);
  std::map<std::uint16_t, std::uint64_t> naive;  // port → last use
  const auto oldest = [&] {
    return std::min_element(naive.begin(), naive.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; });
  };
  for (std::uint64_t now = 1; now < 20'000; ++now) {
    const auto port = static_cast<std::uint16_t>(random() % 40);
    const bool known = table.use(key_of(port), now) != nullptr;
    REQUIRE(known == naive.contains(port));
    if (!known) {
      if (table.full()) {
        REQUIRE(naive.size() == 16);
        REQUIRE(table.oldest() == std::to_string(oldest()->first));
        table.remove_oldest();
        naive.erase(oldest());
      }
      table.add(key_of(port), now, std::to_string(port));
    }
    naive[port] = now;
    if (now % 100 == 0) {
      const auto odd = [](std::uint16_t number) { return number % 2 == 1; };
      table.remove_if([&](const std::string& flow) { return odd(std::stoi(flow)); });
      std::erase_if(naive, [&](const auto& entry) { return odd(entry.first); });
    }
    REQUIRE(table.size() == naive.size());
  }
}
