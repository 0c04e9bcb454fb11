// SPDX-License-Identifier: Apache-2.0
// The Prometheus text format. Rendered on the control thread from the cells of all workers.
#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "runtime/observe/metrics.h"

namespace smic::observe {
namespace {

constexpr std::size_t kClasses = 6;

// One series added up over the workers.
struct Sum {
  std::array<std::uint64_t, kClasses> by_class{};
  std::array<std::uint64_t, kPolicyNames.size()> by_policy{};
  std::array<std::uint64_t, kLatencyBounds.size() + 1> buckets{};
  std::uint64_t sum_micros = 0, received = 0, sent = 0;

  void add(const RequestSeries& series) {
    for (std::size_t i = 0; i < kClasses; ++i) by_class[i] += series.by_class[i].value();
    for (std::size_t i = 0; i < by_policy.size(); ++i) by_policy[i] += series.by_policy[i].value();
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      buckets[i] += series.duration.buckets[i].value();
    }
    sum_micros += series.duration.sum_micros.value();
    received += series.bytes_received.value();
    sent += series.bytes_sent.value();
  }
};

using Sums = std::map<std::string, Sum>;  // by rendered labels: in a stable order

std::string escape_label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string render_labels(const RequestLabels& labels) {
  return "source=\"" + escape_label(labels.source) + "\",destination=\"" +
         escape_label(labels.destination) + "\",route=\"" + escape_label(labels.route) +
         "\",backend=\"" + escape_label(labels.backend) + "\"";
}

std::string seconds(std::uint64_t micros) {
  std::string text = std::to_string(micros / 1'000'000);
  std::string fraction = std::to_string(micros % 1'000'000 + 1'000'000).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return fraction.empty() ? text : text + "." + fraction;
}

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" ").append(type).append("\n");
}

void line(std::string& out, std::string_view name, std::string_view labels, std::string value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

void render_requests(std::string& out, const Sums& sums) {
  head(out, "smic_requests_total", "counter", "Requests answered, by who asked for what.");
  for (const auto& [labels, sum] : sums) {
    for (std::size_t i = 1; i < kClasses; ++i) {
      if (sum.by_class[i] == 0) continue;
      line(out, "smic_requests_total", labels + ",code=\"" + std::to_string(i) + "xx\"",
           std::to_string(sum.by_class[i]));
    }
  }
}

void render_policies(std::string& out, const Sums& sums) {
  head(out, "smic_policy_acts_total", "counter",
       "Times that a route policy refused, cut off or tried again.");
  for (const auto& [labels, sum] : sums) {
    for (std::size_t i = 0; i < kPolicyNames.size(); ++i) {
      if (sum.by_policy[i] == 0) continue;
      line(out, "smic_policy_acts_total",
           labels + ",policy=\"" + std::string(kPolicyNames[i]) + "\"",
           std::to_string(sum.by_policy[i]));
    }
  }
}

void render_durations(std::string& out, const Sums& sums) {
  constexpr const char* kName = "smic_request_duration_seconds";
  head(out, kName, "histogram", "From a request's head to its response's last byte.");
  for (const auto& [labels, sum] : sums) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < sum.buckets.size(); ++i) {
      below += sum.buckets[i];
      const std::string bound =
          i < kLatencyBounds.size() ? seconds(kLatencyBounds[i]) : std::string("+Inf");
      line(out, std::string(kName) + "_bucket", labels + ",le=\"" + bound + "\"",
           std::to_string(below));
    }
    line(out, std::string(kName) + "_sum", labels, seconds(sum.sum_micros));
    line(out, std::string(kName) + "_count", labels, std::to_string(below));
  }
}

void render_bytes(std::string& out, const Sums& sums) {
  head(out, "smic_request_bytes_total", "counter", "Bytes of request bodies.");
  for (const auto& [labels, sum] : sums) {
    line(out, "smic_request_bytes_total", labels, std::to_string(sum.received));
  }
  head(out, "smic_response_bytes_total", "counter", "Bytes of response bodies.");
  for (const auto& [labels, sum] : sums) {
    line(out, "smic_response_bytes_total", labels, std::to_string(sum.sent));
  }
}

void render_drops(std::string& out, std::span<const WorkerMetrics* const> workers) {
  constexpr const char* kName = "smic_udp_datagrams_dropped_total";
  head(out, kName, "counter", "Datagrams not carried, by reason.");
  for (std::size_t i = 0; i < kDropNames.size(); ++i) {
    std::uint64_t sum = 0;
    for (const WorkerMetrics* worker : workers) sum += worker->udp_dropped[i].value();
    line(out, kName, "reason=\"" + std::string(kDropNames[i]) + "\"", std::to_string(sum));
  }
}

struct Plain {
  const char* name;
  const char* type;
  const char* help;
  Counter WorkerMetrics::* counter;
};
constexpr const char* kCounter = "counter";
constexpr const char* kGauge = "gauge";
constexpr Plain kPlain[] = {
    {"smic_connections_total", kCounter, "Connections accepted.",
     &WorkerMetrics::connections_accepted},
    {"smic_connections_open", kGauge, "Connections open now.", &WorkerMetrics::connections_open},
    {"smic_connections_refused_total", kCounter, "Connections closed at once: denied, or no unit.",
     &WorkerMetrics::connections_refused},
    {"smic_tcp_connections_total", kCounter, "Connections of TCP units forwarded.",
     &WorkerMetrics::tcp_connections},
    {"smic_tunnels_open", kGauge, "Upgraded and TCP connections open now.",
     &WorkerMetrics::tunnels_open},
    {"smic_udp_flows_total", kCounter, "UDP flows begun.", &WorkerMetrics::udp_flows},
    {"smic_udp_flows_open", kGauge, "UDP flows open now.", &WorkerMetrics::udp_flows_open},
    {"smic_udp_flows_evicted_total", kCounter, "UDP flows that gave way to newer ones.",
     &WorkerMetrics::udp_flows_evicted},
    {"smic_udp_datagrams_received_total", kCounter, "Datagrams carried from clients.",
     &WorkerMetrics::udp_datagrams_received},
    {"smic_udp_datagrams_sent_total", kCounter, "Datagrams carried to clients.",
     &WorkerMetrics::udp_datagrams_sent},
    {"smic_udp_received_bytes_total", kCounter, "Bytes in datagrams carried from clients.",
     &WorkerMetrics::udp_bytes_received},
    {"smic_udp_sent_bytes_total", kCounter, "Bytes in datagrams carried to clients.",
     &WorkerMetrics::udp_bytes_sent},
    {"smic_upstream_connects_total", kCounter, "Connections opened to endpoints.",
     &WorkerMetrics::upstream_connects},
    {"smic_upstream_connect_failures_total", kCounter, "Endpoints that could not be connected to.",
     &WorkerMetrics::upstream_connect_failures},
    {"smic_upstream_reuses_total", kCounter, "Requests sent on a pooled connection.",
     &WorkerMetrics::upstream_reuses},
    {"smic_upstream_retries_total", kCounter, "Requests sent again on a new connection.",
     &WorkerMetrics::upstream_retries},
    {"smic_requests_denied_total", kCounter, "Requests no TrafficTarget allows.",
     &WorkerMetrics::requests_denied},
    {"smic_requests_unavailable_total", kCounter, "Requests no endpoint could take.",
     &WorkerMetrics::requests_unavailable},
    {"smic_requests_malformed_total", kCounter, "Requests refused as malformed or ambiguous.",
     &WorkerMetrics::requests_malformed},
};

}  // namespace

std::string sample(std::string_view name, std::string_view type, std::string_view help,
                   std::uint64_t value) {
  std::string out;
  head(out, name, type, help);
  line(out, name, "", std::to_string(value));
  return out;
}

std::string render_prometheus(std::span<const WorkerMetrics* const> workers,
                              std::string_view more) {
  std::string out;
  for (const Plain& plain : kPlain) {
    std::uint64_t sum = 0;
    for (const WorkerMetrics* worker : workers) sum += (worker->*plain.counter).value();
    out += sample(plain.name, plain.type, plain.help, sum);
  }
  render_drops(out, workers);
  Sums sums;
  for (const WorkerMetrics* worker : workers) {
    const std::lock_guard lock(worker->mutex_);
    for (const RequestSeries& series : worker->series_) {
      sums[render_labels(series.labels)].add(series);
    }
  }
  render_requests(out, sums);
  render_policies(out, sums);
  render_durations(out, sums);
  render_bytes(out, sums);
  return out.append(more);
}

}  // namespace smic::observe
