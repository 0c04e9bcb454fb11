// SPDX-License-Identifier: Apache-2.0
// The native and the portable engine are the same function. Whether that function is what the unit
// means is for tests/differential.
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "runtime/program/program.h"
#include "tests/support/decisions.h"

using namespace smic;
using contract::RequestView;
using contract::Verdict;
using program::Engine;
using program::Program;

namespace {

struct Engines {
  explicit Engines(std::string_view unit) {
    const auto image = test::image_of(unit);
    native = *program::load(image, Engine::native);
    portable = *program::load(image, Engine::portable);
  }
  std::shared_ptr<const Program> native, portable;
};

bool same(const Verdict& a, const Verdict& b) {
  return a.route == b.route && a.reserved == b.reserved && std::ranges::equal(a.allowed, b.allowed);
}

contract::Slice slice(std::string_view text) { return {text.data(), text.size()}; }

Verdict dirty() {
  Verdict verdict;
  std::memset(&verdict, 0xab, sizeof verdict);
  return verdict;
}

}  // namespace

TEST_CASE("both engines answer every method, source and path alike", "[program]") {
  const char* const paths[] = {
      "/", "/reviews/1", "/reviews/12345678901234567890", "/reviews/", "/review", "", "/reviews/x"};
  const char* const agents[] = {"Firefox", "Mozilla Firefox/120", "curl", ""};
  for (const auto unit : {test::kPlainUnit, test::kCanaryUnit}) {
    const Engines engines(unit);
    for (std::uint32_t method = 0; method < contract::kMethodCount + 2; ++method) {
      for (std::uint32_t source = 0; source < 6; ++source) {
        for (const char* path : paths) {
          for (const char* agent : agents) {
            const contract::Slice line = slice(agent);
            const contract::HeaderSlot slots[] = {{&line, *agent ? 1u : 0u}};
            const RequestView view{slice(path), slots, method, source};
            Verdict native = dirty(), portable = dirty();
            engines.native->match(view, native);
            engines.portable->match(view, portable);
            REQUIRE(same(native, portable));
          }
        }
      }
    }
  }
}

TEST_CASE("both engines split alike, at the borders too", "[program]") {
  const Engines engines(R"(
unit a/b:1 http permissive
  match m0 = path ~ "/x"
  match m1 = path ~ "/y"
  match m2 = path ~ "/z"
  route r0 when m0 -> split { a/c:1 = 70, a/d:1 = 20, a/e:1 = 0, a/f:1 = 9, a/g:1 = 1 }
  route r1 when m1 -> split { a/c:1 = 0, a/d:1 = 1, a/e:1 = 4294967295 }
  route r2 when m2 -> unavailable { a/c:1 = 0 }
  route r3 -> a/b:1
  allow to any from any
)");
  const std::uint32_t seed = 20240607;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (std::uint32_t route = 0; route < 6; ++route) {
    const auto same_backend = [&](std::uint64_t entropy) {
      return engines.native->split(route, entropy) == engines.portable->split(route, entropy);
    };
    for (const std::uint64_t percent : {0, 1, 69, 70, 71, 89, 90, 91, 98, 99, 100}) {
      const auto border =
          static_cast<std::uint64_t>((static_cast<__uint128_t>(percent) << 64) / 100);
      for (std::uint64_t around = border - 3; around != border + 4; ++around) {
        REQUIRE(same_backend(around));
      }
    }
    for (int i = 0; i < 10'000; ++i) REQUIRE(same_backend(random()));
  }
}

TEST_CASE("a split follows its weights, and nothing takes traffic at weight zero", "[program]") {
  const Engines engines(R"(
unit a/b:1 http permissive
  route r0 -> split { a/c:1 = 0, a/d:1 = 90, a/e:1 = 10, a/f:1 = 0 }
  allow to any from any
)");
  std::array<int, 4> taken{};
  constexpr int kRequests = 10'000;
  for (int i = 0; i < kRequests; ++i) {
    // Evenly over 2^64.
    ++taken.at(engines.native->split(0, static_cast<std::uint64_t>(i) * (~0ull / kRequests)));
  }
  CHECK(taken[0] == 0);
  CHECK(std::abs(taken[1] - 9'000) <= 1);
  CHECK(std::abs(taken[2] - 1'000) <= 1);
  CHECK(taken[3] == 0);
}

TEST_CASE("routes that do not exist and routes without weight have no backend", "[program]") {
  const Engines engines(
      "unit a/b:1 http permissive\n route r0 -> unavailable { a/c:1 = 0 }\n"
      " allow to any from any\n");
  for (const auto& program : {engines.native, engines.portable}) {
    CHECK(program->split(0, 0) == contract::kNoBackend);
    CHECK(program->split(1, ~0ull) == contract::kNoBackend);
    CHECK(program->split(~0u, 5) == contract::kNoBackend);
  }
}
