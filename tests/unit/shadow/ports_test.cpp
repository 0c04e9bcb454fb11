// SPDX-License-Identifier: Apache-2.0
#include "controller/shadow/ports.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::shadow;

namespace {

constexpr Port kHttp{80, Transport::tcp}, kDns{53, Transport::udp}, kDnsTcp{53, Transport::tcp};

std::string refusal(const std::string& text) {
  const auto range = PortRange::parse(text);
  return range ? "accepted" : range.error().message;
}

}  // namespace

TEST_CASE("a range of ports is two numbers", "[shadow]") {
  const auto range = PortRange::parse("16000-29999");
  REQUIRE(range);
  CHECK(range->size() == 14'000);
  CHECK(range->to_string() == "16000-29999");
  CHECK(PortRange::parse("2000")->size() == 1);
  CHECK(refusal("29999-16000") == "`29999-16000` is no range of ports");
  CHECK(refusal("16000-70000") == "`16000-70000` is no range of ports");
  CHECK(refusal("16000-") == "`16000-` is no range of ports");
  CHECK(refusal("") == "`` is no range of ports");
  CHECK(refusal("80-90") == "ports below 1024 are others'");
}

TEST_CASE("a port stays whose it is, and TCP and UDP are apart", "[shadow]") {
  PortTable table({20'000, 20'001}, {{"a", "2026", {{kHttp, 20'001}, {kDns, 20'001}}}});
  CHECK(table.give("a", kHttp, {}) == 20'001);
  CHECK(table.give("a", kDns, {}) == 20'001);
  CHECK(table.give("b", kHttp, {}) == 20'000);
  CHECK(table.full(Transport::tcp));
  CHECK_FALSE(table.full(Transport::udp));
  CHECK(table.give("c", kHttp, {}) == std::nullopt);
  CHECK(table.give("c", kDns, {}) == 20'000);
  CHECK(table.give("b", kHttp, {}) == 20'000);  // again
}

TEST_CASE("of two that claim one port the older one has it", "[shadow]") {
  const PortTable table({20'000, 20'009}, {{"a", "2026-02-02T00:00:00Z", {{kHttp, 20'005}}},
                                           {"b", "2026-01-01T00:00:00Z", {{kHttp, 20'005}}}});
  CHECK(table.of("a").empty());
  CHECK(table.of("b") == Targets{{kHttp, 20'005}});
}

TEST_CASE("a claim outside of the range is none", "[shadow]") {
  PortTable table({20'000, 20'009}, {{"a", "", {{kHttp, 15'020}, {kDnsTcp, 20'000}}}});
  CHECK(table.of("a") == Targets{{kDnsTcp, 20'000}});
  const auto given = table.give("a", kHttp, {});
  REQUIRE(given);
  CHECK((*given > 20'000 && *given <= 20'009));
}

TEST_CASE("a port that was somebody's a moment ago is given last", "[shadow]") {
  PortTable::Taken resting;
  for (std::uint16_t port = 20'000; port < 20'010; ++port) {
    if (port != 20'007) resting.insert({Transport::tcp, port});
  }
  PortTable table({20'000, 20'009}, {});
  CHECK(table.give("a", kHttp, resting) == 20'007);
  CHECK(table.give("b", kHttp, resting).has_value());  // better than none
}

TEST_CASE("who asks in another order gets the same ports while there is room", "[shadow]") {
  PortTable one({16'000, 29'999}, {}), other({16'000, 29'999}, {});
  const auto a = one.give("mesh-a", kHttp, {});
  const auto b = one.give("mesh-b", kHttp, {});
  CHECK(a != b);
  CHECK(other.give("mesh-b", kHttp, {}) == b);
  CHECK(other.give("mesh-a", kHttp, {}) == a);
}
