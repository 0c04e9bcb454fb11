// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/run.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>

#include "tests/support/shrink.h"

namespace smic::test {
namespace {

constexpr std::uint64_t kDefaultSeed = 1;

void fail_with(const Engine& engine, const ir::Unit& unit, const ir::Request& request) {
  const auto differs = [&](const Case& smaller) {
    return engine.load(smaller.unit)(smaller.request) != reference(smaller.unit)(smaller.request);
  };
  const Case small = shrink({unit, request}, differs);
  INFO(print(small));
  INFO("engine `" << engine.name << "` says\n"
                  << to_string(engine.load(small.unit)(small.request)));
  INFO("and should say\n" << to_string(reference(small.unit)(small.request)));
  FAIL("an engine differs");
}

}  // namespace

std::vector<Answer> compare(const ir::Unit& unit, const std::vector<ir::Request>& requests,
                            bool with_costly_engines) {
  std::vector<Answer> right;
  const Ask judge = reference(unit);
  for (const ir::Request& request : requests) right.push_back(judge(request));
  for (const Engine& engine : engines()) {
    if (engine.costly && !with_costly_engines) continue;
    const Ask ask = engine.load(unit);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (ask(requests[i]) != right[i]) fail_with(engine, unit, requests[i]);
    }
  }
  return right;
}

void repeat(std::size_t times, const std::function<void(std::size_t)>& step) {
  const char* seconds = std::getenv("SMIC_DIFFERENTIAL_SECONDS");
  if (!seconds) {
    for (std::size_t i = 0; i < times; ++i) step(i);
    return;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(seconds));
  for (std::size_t i = 0; std::chrono::steady_clock::now() < end; ++i) step(i);
}

std::uint64_t seed() {
  const char* given = std::getenv("SMIC_SEED");
  return given ? std::strtoull(given, nullptr, 10) : kDefaultSeed;
}

}  // namespace smic::test
