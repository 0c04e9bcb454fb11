// SPDX-License-Identifier: Apache-2.0
// Every byte of real tables is changed: what the check then still accepts must run within its
// bounds (the address sanitizer watches the reads) and answer within the shape.
#include "contract/check_tables.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "compiler/decision/decision.h"
#include "contract/tables.h"
#include "tests/support/ask_tables.h"
#include "tests/support/read_units.h"

using namespace smic;
using contract::TablesHeader;

namespace {

using Tables = std::vector<std::uint8_t>;

// Every kind of record and op: text, keys, steps, spans with and without sequences, maps, lists,
// needs, hashed and dense cells, several words of destinations.
constexpr std::string_view kUnit = R"(unit shop/reviews:9080 http enforce
  source s0 = { shop/web, shop/admin }
  source s1 = { shop/admin }
  match m0 = method in { GET, HEAD } and path ~ "/reviews/[0-9]+"
  match m1 = header "user-agent" ~ ".*Firefox.*"
  match m2 = path ~ "/[^/]+/me" and header "user-agent" ~ ".*bot.*" and header "x-mode" ~ "on|off"
  match m3 = path ~ "/[a-z0-9_.~-]+[A-Z]/(aa|bb|cc)$" and method in { POST }
  match m4 = path ~ "/reviews/1" and header "x-mode" ~ "on"
  match m5 = path ~ "/[\\x{100}-\\x{110}\\x{200}-\\x{205}a-gz]x"
  route r0 when m1 or m4 -> split { shop/v1:9080 = 9, shop/v2:9080 = 1 }
  route r1 when m2 or m3 or m5 -> shop/v2:9080
  route r2 -> shop/reviews:9080
  allow to shop/reviews from s0 when m0
  allow to shop/reviews:8080 from s1 when m2 or m1 or m5
  allow to shop/other from s1)";

// And hashes with nodes that go back: two-digit words beside a wildcard.
std::string unit_with_words() {
  std::string text = "unit a/b:80 http enforce\n", any;
  for (int i = 10; i < 30; ++i) {
    const std::string name = "m" + std::to_string(i - 10);
    text += " match " + name + " = path ~ \"/" + std::to_string(i) + "/x$\"\n";
    any += name + " or ";
  }
  return text + " match m20 = path ~ \"/[^/]+/y\"\n route r0 when " + any +
         "m20 -> unavailable\n route r1 -> a/b:80";
}

decision::Decision decide(std::string_view text) { return decision::decide(test::read_unit(text)); }

// Accepted or not; asked if it was.
bool survives(const Tables& tables, const contract::Shape& shape) {
  const bool accepted = contract::check_tables(tables, shape).has_value();
  if (accepted && !test::answers_in_shape(tables.data(), shape))
    FAIL("an answer outside the shape");
  return accepted;
}

std::string refusal(const Tables& tables, const contract::Shape& shape) {
  const auto checked = contract::check_tables(tables, shape);
  return checked ? "accepted" : checked.error().message;
}

void put32(Tables& tables, std::size_t at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) tables[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint32_t get32(const Tables& tables, std::size_t at) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | tables[at + i];
  return value;
}

}  // namespace

TEST_CASE("tables of the compiler are sound", "[contract]") {
  const auto decision = decide(kUnit);
  CHECK(refusal(decision.tables, decision.shape) == "accepted");
  CHECK(survives(decision.tables, decision.shape));
}

TEST_CASE("tables of another shape are refused", "[contract]") {
  const auto decision = decide(kUnit);
  auto shape = decision.shape;
  shape.header_slots.pop_back();
  CHECK(refusal(decision.tables, shape).find("header slots") != std::string::npos);
  shape = decision.shape;
  shape.route_backends.push_back(1);
  CHECK(refusal(decision.tables, shape).find("routes") != std::string::npos);
  shape = decision.shape;
  shape.route_backends[0] = 3;
  CHECK(refusal(decision.tables, shape).find("a route") != std::string::npos);
  shape = decision.shape;
  --shape.source_classes;
  CHECK(refusal(decision.tables, shape).find("source classes") != std::string::npos);
  shape = decision.shape;
  --shape.destinations;
  CHECK(refusal(decision.tables, shape).find("a mask") != std::string::npos);
}

TEST_CASE("tables that were cut short are refused", "[contract]") {
  const auto decision = decide(kUnit);
  for (std::size_t size = 0; size < decision.tables.size(); ++size) {
    Tables cut(decision.tables.begin(), decision.tables.begin() + static_cast<long>(size));
    if (contract::check_tables(cut, decision.shape)) FAIL("accepted a cut at " << size);
    if (size < sizeof(TablesHeader)) continue;
    put32(cut, offsetof(TablesHeader, size), static_cast<std::uint32_t>(size));
    survives(cut, decision.shape);
  }
}

TEST_CASE("tables with any one byte changed are refused or run within bounds", "[contract]") {
  const auto decision = decide(GENERATE(std::string(kUnit), unit_with_words()));
  std::size_t accepted = 0, refused = 0;
  for (std::size_t at = 0; at < decision.tables.size(); ++at) {
    for (const int flip : {1, 2, 3, 4, 8, 16, 32, 64, 128, 255}) {
      Tables changed = decision.tables;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ flip);
      ++(survives(changed, decision.shape) ? accepted : refused);
    }
  }
  CHECK(accepted > 0);
  CHECK(refused > accepted);
}

TEST_CASE("tables with many words changed are refused or run within bounds", "[contract]") {
  const auto decision = decide(GENERATE(std::string(kUnit), unit_with_words()));
  std::mt19937 random(20261122);
  const auto words = static_cast<std::uint32_t>(decision.tables.size() / 4);
  for (int round = 0; round < 20'000; ++round) {
    Tables changed = decision.tables;
    for (std::uint32_t edits = 1 + random() % 4; edits != 0; --edits) {
      // Values that may pass: small numbers, offsets, what stands elsewhere.
      const std::uint32_t value = random() % 3 == 0   ? random() % 8
                                  : random() % 2 == 0 ? random() % words * 4 + random() % 3
                                                      : get32(changed, random() % words * 4);
      put32(changed, random() % words * 4, value);
    }
    survives(changed, decision.shape);
  }
}

TEST_CASE("another version of the tables is told by its number", "[contract]") {
  auto decision = decide(kUnit);
  put32(decision.tables, offsetof(TablesHeader, version), 77);
  CHECK(refusal(decision.tables, decision.shape).find("version 77") != std::string::npos);
}

TEST_CASE("a program that could go round without reading is refused", "[contract]") {
  auto decision = decide(R"(unit a/b:80 http enforce
    match m0 = path ~ "/[^/]+/x"
    match m1 = path ~ "/me"
    route r0 when m0 or m1 -> unavailable
    route r1 -> a/b:80)");
  REQUIRE(survives(decision.tables, decision.shape));
  // Every ref that could be turned into a retry of any op, its own included.
  std::size_t refused = 0;
  for (std::size_t at = sizeof(TablesHeader); at + 4 <= decision.tables.size(); at += 4) {
    for (std::uint32_t to = sizeof(TablesHeader); to < decision.tables.size(); to += 4) {
      Tables changed = decision.tables;
      put32(changed, at, to | contract::kRefRetry);
      refused += survives(changed, decision.shape) ? 0 : 1;
    }
  }
  CHECK(refused > 0);
}
