// SPDX-License-Identifier: Apache-2.0
#include "base/ip.h"

#include <catch2/catch.hpp>

using namespace smic;

namespace {

IpAddress address(const std::string& text) {
  const auto parsed = IpAddress::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

IpRange range(const std::string& text) {
  const auto parsed = IpRange::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

std::string refusal(const std::string& text) {
  const auto parsed = IpRange::parse(text);
  return parsed ? "accepted" : parsed.error().message;
}

}  // namespace

TEST_CASE("addresses read back as they were written, in their canonical form", "[ip]") {
  for (const char* text : {"240.96.1.7", "0.0.0.0", "fd73:6d69:6300::7", "::"}) {
    CHECK(address(text).to_string() == text);
  }
  CHECK(address("FD00:0:0::0001").to_string() == "fd00::1");
  CHECK(address("10.0.0.1").family == IpFamily::v4);
  CHECK(address("::1").family == IpFamily::v6);
  for (const char* text : {"", "10.0.0", "10.0.0.1.2", "10.0.0.256", "localhost", "10.0.0.1/8"}) {
    CHECK_FALSE(IpAddress::parse(text));
  }
}

TEST_CASE("a range is a prefix without bits after it", "[ip]") {
  CHECK(range("240.0.0.0/7").to_string() == "240.0.0.0/7");
  CHECK(range("fd73:6d69:6300::/48").host_bits() == 80);
  CHECK(range("1.2.3.4/32").host_bits() == 0);
  CHECK(range("::/0").host_bits() == 128);
  CHECK(refusal("240.0.0.1/7") == "`240.0.0.1/7` has bits after its prefix");
  CHECK(refusal("241.0.0.0/7") == "`241.0.0.0/7` has bits after its prefix");
  CHECK(refusal("240.0.0.0/33") == "`33` in `240.0.0.0/33` is not the length of a prefix");
  CHECK(refusal("240.0.0.0/-1") == "`-1` in `240.0.0.0/-1` is not the length of a prefix");
  CHECK(refusal("240.0.0.0/") == "`` in `240.0.0.0/` is not the length of a prefix");
  CHECK(refusal("240.0.0.0") == "`240.0.0.0` is not a range of addresses like 240.0.0.0/7");
  CHECK(refusal("/7") == "`/7` is not a range of addresses like 240.0.0.0/7");
}

TEST_CASE("a range contains what begins with its prefix, of its family", "[ip]") {
  CHECK(range("240.0.0.0/7").contains(address("241.255.255.255")));
  CHECK_FALSE(range("240.0.0.0/7").contains(address("242.0.0.0")));
  CHECK_FALSE(range("240.0.0.0/7").contains(address("239.255.255.255")));
  CHECK(range("10.96.0.0/12").contains(address("10.111.3.4")));
  CHECK_FALSE(range("10.96.0.0/12").contains(address("10.112.0.0")));
  CHECK(range("0.0.0.0/0").contains(address("1.2.3.4")));
  CHECK_FALSE(range("0.0.0.0/0").contains(address("::")));
  CHECK(range("fd73:6d69:6300::/48").contains(address("fd73:6d69:6300:ffff::1")));
  CHECK_FALSE(range("fd73:6d69:6300::/48").contains(address("fd73:6d69:6301::1")));
  CHECK(range("10.0.0.0/8").overlaps(range("10.1.0.0/16")));
  CHECK(range("10.1.0.0/16").overlaps(range("10.0.0.0/8")));
  CHECK_FALSE(range("10.0.0.0/8").overlaps(range("11.0.0.0/8")));
}

TEST_CASE("a range's reverse zones cover it exactly", "[ip]") {
  using Zones = std::vector<std::string>;
  CHECK(reverse_zones_of(range("240.0.0.0/7")) == Zones{"240.in-addr.arpa", "241.in-addr.arpa"});
  CHECK(reverse_zones_of(range("10.96.0.0/16")) == Zones{"96.10.in-addr.arpa"});
  CHECK(reverse_zones_of(range("10.96.0.0/15")) ==
        Zones{"96.10.in-addr.arpa", "97.10.in-addr.arpa"});
  CHECK(reverse_zones_of(range("fd73:6d69:6300::/48")) ==
        Zones{"0.0.3.6.9.6.d.6.3.7.d.f.ip6.arpa"});
  CHECK(reverse_zones_of(range("fc00::/7")) == Zones{"c.f.ip6.arpa", "d.f.ip6.arpa"});
  CHECK(reverse_zones_of(range("fd70:2000::/19")) ==
        Zones{"2.0.7.d.f.ip6.arpa", "3.0.7.d.f.ip6.arpa"});
  CHECK(reverse_zones_of(range("0.0.0.0/0")) == Zones{"in-addr.arpa"});
}
