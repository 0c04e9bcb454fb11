// SPDX-License-Identifier: Apache-2.0
#include "controller/keys/ring.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::keys;
using namespace std::chrono_literals;

namespace {

const Time kStart = Time(1'900'000'000s);
const Lifetimes kShort{.authority = 100h, .serving = 5h, .signing = 20h, .overlap = 2h};

}  // namespace

TEST_CASE("the first ring is in use at once", "[keys]") {
  const Ring ring = tend({}, kStart, kShort);
  REQUIRE(ring.authorities.size() == 1);
  REQUIRE(ring.signers.size() == 1);
  CHECK(ring.authority(kStart) == ring.authorities[0]);
  CHECK(ring.signer(kStart) == ring.signers[0]);
  CHECK(tend(ring, kStart, kShort) == ring);
  CHECK(tend(ring, kStart + 15h, kShort) == ring);
}

TEST_CASE("a successor is trusted before it is used, and its predecessor after", "[keys]") {
  const Ring first = tend({}, kStart, kShort);
  const Ring both = tend(first, kStart + 16h, kShort);
  REQUIRE(both.signers.size() == 2);
  CHECK(trust_of(both)->keys.size() == 2);
  CHECK(both.signer(kStart + 17h) == first.signers[0]);
  CHECK(both.signer(kStart + 18h) == both.signers[1]);
  CHECK(tend(both, kStart + 19h, kShort) == both);
  const Ring after = tend(both, kStart + 20h, kShort);
  REQUIRE(after.signers.size() == 1);
  CHECK(after.signers[0] == both.signers[1]);
}

// Whatever moment a proxy reads its bundle, it can follow for an overlap: that is what it is for.
TEST_CASE("over years, a bundle read an overlap ago knows what is in use now", "[keys]") {
  Ring ring = tend({}, kStart, kShort);
  std::vector<contract::Trust> bundles;
  for (int hour = 0; hour < 500; ++hour) {
    const Time now = kStart + std::chrono::hours(hour);
    ring = tend(ring, now, kShort);
    bundles.push_back(*trust_of(ring));
    const contract::Trust& old = bundles[static_cast<std::size_t>(std::max(0, hour - 1))];
    const auto key = contract::SigningKey::from_pem(ring.signer(now).key);
    REQUIRE(key);
    REQUIRE(old.find(key->verifying().id()) != nullptr);
    REQUIRE(old.authorities.contains(ring.authority(now).certified.certificate));
    REQUIRE(*end_of(ring.authority(now).certified.certificate) > now + kShort.serving);
    REQUIRE(ring.signers.size() <= 3);
    REQUIRE(ring.authorities.size() <= 2);
  }
}

TEST_CASE("a ring that nobody tended for years is in order again at once", "[keys]") {
  const Ring old = tend({}, kStart, kShort);
  const Time now = kStart + 1000h;
  const Ring ring = tend(old, now, kShort);
  CHECK(ring.signers.size() == 2);
  CHECK(ring.signer(now + 2h) != old.signers[0]);
}

TEST_CASE("a ring is the same after it was written and read", "[keys]") {
  const Ring ring = tend(tend({}, kStart, kShort), kStart + 17h, kShort);
  CHECK(ring_from_json(to_json(ring)) == ring);
}

TEST_CASE("what is no ring is refused", "[keys]") {
  const std::string good = to_json(tend({}, kStart, kShort));
  for (std::size_t cut = 0; cut < good.size() - 2; cut += 7) {
    CHECK_FALSE(ring_from_json(good.substr(0, cut)));
  }
  CHECK_FALSE(ring_from_json("[]"));
  CHECK_FALSE(ring_from_json("{}"));
  CHECK_FALSE(ring_from_json(R"({"authorities":[],"signers":[]})"));
  CHECK_FALSE(ring_from_json(R"({"authorities":[1],"signers":[2]})"));
}
