// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <compare>
#include <utility>

#include "base/overload.h"
#include "runtime/policy/circuit_breaker.h"

namespace smic::policy {
namespace {

using contract::Comparison;
using contract::kMillion;
using Wide = unsigned __int128;

bool satisfies(std::strong_ordering order, Comparison comparison) {
  switch (comparison) {
    case Comparison::less:
      return order < 0;
    case Comparison::less_equal:
      return order <= 0;
    case Comparison::equal:
      return order == 0;
    case Comparison::not_equal:
      return order != 0;
    case Comparison::greater_equal:
      return order >= 0;
    case Comparison::greater:
      return order > 0;
  }
  return false;
}

// counted / among <=> threshold; of nothing, nothing is counted.
std::strong_ordering compare_ratio(std::uint64_t counted, std::uint64_t among,
                                   std::uint64_t threshold) {
  if (among == 0) return std::uint64_t{0} <=> threshold;
  return Wide{counted} * kMillion <=> Wide{threshold} * among;
}

// The value of the rank that `percent` of `all` has <=> the threshold that `below` and `above` are
// counted by.
std::strong_ordering compare_quantile(std::uint64_t percent, std::uint64_t all, std::uint64_t below,
                                      std::uint64_t above) {
  if (all == 0) return std::strong_ordering::less;
  constexpr Wide kHundred = Wide{100} * kMillion;
  const auto rank = static_cast<std::uint64_t>((Wide{percent} * all + kHundred - 1) / kHundred);
  if (all - above < rank) return std::strong_ordering::greater;
  return below >= rank ? std::strong_ordering::less : std::strong_ordering::equal;
}

}  // namespace

Window::Window(contract::BreakerExpression expression) : expression_(std::move(expression)) {
  for (const contract::BreakerStep& step : expression_.steps()) {
    if (const auto* test = std::get_if<contract::Test>(&step)) tests_.push_back(*test);
  }
  clear();
}

void Window::clear() {
  all_ = {0, std::vector<Tally>(tests_.size())};
  slices_.fill(all_);
}

void Window::forget(Slice& slice) {
  all_.requests -= std::exchange(slice.requests, 0);
  for (std::size_t i = 0; i < tests_.size(); ++i) {
    const Tally gone = std::exchange(slice.tallies[i], {});
    all_.tallies[i].first -= gone.first;
    all_.tallies[i].second -= gone.second;
  }
}

void Window::advance(Time now) {
  const std::int64_t current = now.time_since_epoch() / kSlice;
  const std::int64_t first = std::max(newest_ + 1, current - std::int64_t{kSlices} + 1);
  for (std::int64_t i = first; i <= current; ++i) {
    forget(slices_[static_cast<std::size_t>(i) % kSlices]);
  }
  newest_ = std::max(newest_, current);
}

void Window::add(const Ending& ending, Time now) {
  advance(now);
  Slice& slice = slices_[static_cast<std::size_t>(newest_) % kSlices];
  ++slice.requests;
  ++all_.requests;
  for (std::size_t i = 0; i < tests_.size(); ++i) {
    const Tally one = tally_of(ending, tests_[i]);
    for (Slice* counted : {&slice, &all_}) {
      counted->tallies[i].first += one.first;
      counted->tallies[i].second += one.second;
    }
  }
}

Window::Tally Window::tally_of(const Ending& ending, const contract::Test& test) {
  const auto latency = static_cast<std::uint64_t>(ending.latency.count());
  return std::visit(
      Overload{[&](const contract::NetworkErrorRatio&) { return Tally{ending.network_error, 1}; },
               [&](const contract::ResponseCodeRatio& ratio) {
                 return Tally{ratio.counted.holds(ending.status), ratio.among.holds(ending.status)};
               },
               [&](const contract::LatencyAtQuantile&) {
                 return Tally{test.threshold > latency, test.threshold < latency};
               }},
      test.measure);
}

std::uint64_t Window::requests(Time now) {
  advance(now);
  return all_.requests;
}

bool Window::holds(Time now) {
  advance(now);
  return expression_.evaluate([&](const contract::Test& test, std::size_t i) {
    const Tally& tally = all_.tallies[i];
    const auto* latency = std::get_if<contract::LatencyAtQuantile>(&test.measure);
    const std::strong_ordering order =
        latency ? compare_quantile(latency->percent, all_.requests, tally.first, tally.second)
                : compare_ratio(tally.first, tally.second, test.threshold);
    return satisfies(order, test.comparison);
  });
}

}  // namespace smic::policy
