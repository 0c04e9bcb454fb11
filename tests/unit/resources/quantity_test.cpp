// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/quantity.h"

#include <catch2/catch.hpp>

using namespace smic::resources;

namespace {

std::uint64_t nano(std::string_view text) {
  const auto quantity = parse_quantity(text);
  REQUIRE(quantity.has_value());
  return static_cast<std::uint64_t>(quantity->nano);
}

std::optional<std::vector<std::uint32_t>> whole(const std::vector<std::string_view>& texts) {
  std::vector<Quantity> quantities;
  for (const std::string_view text : texts) quantities.push_back(parse_quantity(text).value());
  return whole_weights(quantities);
}

using Weights = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("quantities are exact") {
  CHECK(nano("1") == 1'000'000'000);
  CHECK(nano("500m") == 500'000'000);
  CHECK(nano("0.1") == 100'000'000);
  CHECK(nano(".5") == 500'000'000);
  CHECK(nano("5.") == 5'000'000'000);
  CHECK(nano("+2") == 2'000'000'000);
  CHECK(nano("3u") == 3'000);
  CHECK(nano("3n") == 3);
  CHECK(nano("2k") == 2'000'000'000'000);
  CHECK(nano("1Ki") == 1'024'000'000'000);
  CHECK(nano("0.5Ki") == 512'000'000'000);
  CHECK(nano("1e3") == 1'000'000'000'000);
  CHECK(nano("1E3") == 1'000'000'000'000);
  CHECK(nano("1500e-3") == 1'500'000'000);
  CHECK(parse_quantity("1E")->nano ==
        static_cast<unsigned __int128>(1'000'000'000) * 1'000'000'000'000'000'000);
}

TEST_CASE("what is finer than nano is rounded up") {
  CHECK(nano("0.1n") == 1);
  CHECK(nano("1.0000000001") == 1'000'000'001);
  CHECK(nano("1e-50") == 1);
  CHECK(nano("0e-50") == 0);
  CHECK(nano("0e99999999999999999999") == 0);
}

TEST_CASE("signs are kept, malformed and huge ones told apart") {
  CHECK(parse_quantity("-5")->negative);
  for (const char* text : {"", "-", ".", "1.2.3", "m", "1 ", " 1", "1x", "1mm", "0x10", "1e", "1e+",
                           "e3", "--1", "1_000", "1Zi", "ki"}) {
    INFO(text);
    const auto quantity = parse_quantity(text);
    CHECK((!quantity && quantity.error() == QuantityError::malformed));
  }
  for (const char* text : {"1e99", "99999999999999999999999999999999999999999999",
                           "99999999999999Ei", "1e99999999999999999999"}) {
    INFO(text);
    const auto quantity = parse_quantity(text);
    CHECK((!quantity && quantity.error() == QuantityError::too_large));
  }
}

TEST_CASE("whole weights stay, others are multiplied by the least of 10^3, 10^6, 10^9") {
  CHECK(whole({"1", "100"}) == Weights{1, 100});
  CHECK(whole({"1", "500m"}) == Weights{1000, 500});
  CHECK(whole({"1", "1u"}) == Weights{1'000'000, 1});
  CHECK(whole({"1", "1n"}) == Weights{1'000'000'000, 1});
  CHECK(whole({"0", "0"}) == Weights{0, 0});
  CHECK(whole({}) == Weights{});
}

TEST_CASE("weights over 2^31-1 are divided by what they have in common, or refused") {
  CHECK(whole({"4G", "2G"}) == Weights{2, 1});
  CHECK(whole({"3", "1500u"}) == Weights{3'000'000, 1500});
  CHECK(whole({"10", "5n"}) == Weights{2'000'000'000, 1});
  CHECK_FALSE(whole({"4G", "1"}).has_value());
  CHECK_FALSE(whole({"3", "1n"}).has_value());
}
