// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/traffic/traffic_of.h"

using namespace smic;
using namespace smic::traffic;
using namespace std::chrono_literals;
using test::counts_of;
using test::edge;
using test::report_of;

namespace {

const Time kBegin = Time(1h);
const auto kEdge = edge("shop/a", "shop/b");

contract::EdgeCounts sum(const Window& window, Time since) {
  contract::EdgeCounts total;
  window.each(since, [&](const auto&, const auto& counts) { add(total, counts); });
  return total;
}

}  // namespace

TEST_CASE("what was added between two readings happened then") {
  Window window(kBegin);
  window.add("p", report_of({{kEdge, counts_of(10, 1)}}), kBegin + 5s);
  window.add("p", report_of({{kEdge, counts_of(10, 1)}}), kBegin + 10s);
  window.add("p", report_of({{kEdge, counts_of(25, 2)}}), kBegin + 15s);
  CHECK(sum(window, kBegin) == counts_of(25, 2));
  CHECK(sum(window, kBegin + 5s) == counts_of(15, 1));
  CHECK(sum(window, kBegin + 15s) == contract::EdgeCounts{});
}

TEST_CASE("a proxy that ran before us has a history that is not ours") {
  Window window(kBegin);
  window.add("p", report_of({{kEdge, counts_of(1000, 0)}}, "old", 60'000), kBegin + 5s);
  CHECK(sum(window, kBegin) == contract::EdgeCounts{});
  window.add("p", report_of({{kEdge, counts_of(1007, 0)}}, "old", 65'000), kBegin + 10s);
  CHECK(sum(window, kBegin) == counts_of(7, 0));
  window.add("q", report_of({{kEdge, counts_of(3, 0)}}, "new", 2'000), kBegin + 10s);
  CHECK(sum(window, kBegin) == counts_of(10, 0));
}

TEST_CASE("two proxies behind one address are told apart, and a series may begin anew") {
  Window window(kBegin);
  const auto read = [&](const char* instance, std::uint64_t count, Time at) {
    window.add("p", report_of({{kEdge, counts_of(count, 0)}}, instance), at);
  };
  read("one", 10, kBegin + 1s);
  read("two", 2, kBegin + 2s);
  read("one", 11, kBegin + 3s);
  read("two", 5, kBegin + 4s);
  CHECK(sum(window, kBegin).success == 16);
  read("two", 1, kBegin + 5s);  // it was let go of, and made again
  CHECK(sum(window, kBegin).success == 17);
}

TEST_CASE("old readings are put together, and then forgotten") {
  Window window(kBegin);
  std::uint64_t count = 0;
  Time now = kBegin;
  for (; now < kBegin + 20min; now += 5s) {
    window.add("p", report_of({{kEdge, counts_of(++count, 0)}}), now);
  }
  std::size_t slots = 0;
  window.each(kBegin - 1h, [&](const auto&, const auto&) { ++slots; });
  CHECK(slots < 70);  // 240 were read
  CHECK(sum(window, now - 1min).success == 11);
  const auto all = sum(window, kBegin - 1h);
  CHECK(all.success >= 175);
  CHECK(all.success <= 181);
  CHECK(all.latency.front().second == all.success);
}

TEST_CASE("quantiles are read off summed buckets, and are not far off") {
  contract::EdgeCounts counts;
  CHECK(quantile(counts, 0.5) == 0);
  for (int i = 0; i < 90; ++i) add(counts, counts_of(1, 0, 1'000));
  for (int i = 0; i < 9; ++i) add(counts, counts_of(1, 0, 100'000));
  add(counts, counts_of(0, 1, 2'000'000));
  CHECK(quantile(counts, 0.5) == Approx(0.001).epsilon(0.125));
  CHECK(quantile(counts, 0.9) == Approx(0.001).epsilon(0.25));
  CHECK(quantile(counts, 0.95) == Approx(0.1).epsilon(0.125));
  CHECK(quantile(counts, 0.999) == Approx(2.0).epsilon(0.125));
}

TEST_CASE("an average of quantiles would be wrong, and is not made") {
  // 99 fast requests here, one slow one there: half of all are fast.
  contract::EdgeCounts counts = counts_of(99, 0, 1'000);
  add(counts, counts_of(1, 0, 1'000'000));
  CHECK(quantile(counts, 0.5) < 0.002);
  CHECK(quantile(counts, 0.98) < 0.002);
}

TEST_CASE("every latency is in a bucket whose ends it is between") {
  for (std::uint64_t micros = 0; micros < 200'000'000; micros += 1 + micros / 7) {
    const std::size_t bucket = contract::latency_bucket(micros);
    REQUIRE(bucket < contract::kLatencyBuckets);
    CHECK(contract::latency_floor(bucket) <= micros);
    if (bucket + 1 < contract::kLatencyBuckets) CHECK(micros < contract::latency_floor(bucket + 1));
  }
}
