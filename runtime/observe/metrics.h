// SPDX-License-Identifier: Apache-2.0
// Each worker counts for itself, in plain 64-bit cells that only it writes; a scrape reads them
// from the control thread with relaxed loads and adds up. So counting costs an ordinary add, and a
// scrape costs the workers nothing. Labels are strings once per series, never per request.
//
// The number of series is bounded: beyond kMaxSeries of a worker, requests are counted in one
// series whose labels are all "other".
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace smic::observe {

inline constexpr std::size_t kMaxSeries = 20'000;

// Written by one thread, read by any.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Upper bounds of the latency buckets, in microseconds; the last bucket is +Inf.
inline constexpr std::array<std::uint32_t, 13> kLatencyBounds = {
    250,    500,     1'000,   2'500,   5'000,     10'000,    25'000,
    50'000, 100'000, 250'000, 500'000, 1'000'000, 10'000'000};

class Histogram {
 public:
  void observe(std::chrono::nanoseconds duration);

  std::array<Counter, kLatencyBounds.size() + 1> buckets;
  Counter sum_micros;
};

// What of a route policy can act on a request.
enum class PolicyKind : std::uint8_t {
  request_timeout,
  idle_timeout,
  retry_attempts,
  rate_limit,
  circuit_breaker,
  split_shares,
};
inline constexpr std::array<std::string_view, 6> kPolicyNames = {"request-timeout", "idle-timeout",
                                                                 "retry-attempts",  "rate-limit",
                                                                 "circuit-breaker", "split-shares"};
constexpr std::string_view name_of(PolicyKind kind) {
  return kPolicyNames[static_cast<std::size_t>(kind)];
}

struct RequestLabels {
  std::string source;       // identity of the caller, "namespace/serviceaccount", or "unknown"
  std::string destination;  // "namespace/name:port" that was called
  std::string route;        // the resource that routed it
  std::string backend;      // "namespace/name:port" that was chosen; empty if none was

  bool operator==(const RequestLabels&) const = default;
};

struct RequestSeries {
  RequestLabels labels;
  std::array<Counter, 6> by_class;  // index: status / 100
  std::array<Counter, kPolicyNames.size()> by_policy;
  Histogram duration;
  Counter bytes_received;  // bodies
  Counter bytes_sent;
};

// Why a datagram was not carried.
enum class Drop : std::uint8_t {
  denied,       // no TrafficTarget allows it
  unavailable,  // no endpoint, or nobody listens there
  unsent,       // the kernel did not take it
};
inline constexpr std::array<const char*, 3> kDropNames = {"denied", "unavailable", "unsent"};

class WorkerMetrics {
 public:
  Counter connections_accepted, connections_open, connections_refused;
  Counter upstream_connects, upstream_connect_failures, upstream_reuses, upstream_retries;
  Counter requests_denied, requests_unavailable, requests_malformed;
  Counter tunnels_open, tcp_connections;
  Counter udp_flows, udp_flows_open, udp_flows_evicted;
  Counter udp_datagrams_received, udp_datagrams_sent;  // from clients, to clients
  Counter udp_bytes_received, udp_bytes_sent;
  std::array<Counter, kDropNames.size()> udp_dropped;  // by Drop

  // Found or made; stays where it is for good. On the worker's own thread.
  RequestSeries& series(const RequestLabels& labels);

 private:
  friend std::string render_prometheus(std::span<const WorkerMetrics* const>, std::string_view);

  struct Hash {
    std::size_t operator()(const RequestLabels& labels) const;
  };
  std::unordered_map<RequestLabels, RequestSeries*, Hash> index_;
  mutable std::mutex mutex_;  // guards the deque's shape, not the cells in it
  std::deque<RequestSeries> series_;
};

// The text exposition format, over all workers. `more` is appended: what others have to say.
std::string render_prometheus(std::span<const WorkerMetrics* const> workers, std::string_view more);

// One sample without labels, with its HELP and TYPE lines.
std::string sample(std::string_view name, std::string_view type, std::string_view help,
                   std::uint64_t value);

}  // namespace smic::observe
