// SPDX-License-Identifier: Apache-2.0
// Two faces of one explanation. The JSON is a contract: outcome, route, backends and because keep
// their names, order and types; fields may be added.
#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>

#include "base/log.h"
#include "cli/explanation.h"

namespace smic::cli {
namespace {

std::string name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::forward:
      return "forward";
    case Outcome::deny:
      return "deny";
    case Outcome::unavailable:
      return "unavailable";
    case Outcome::unknown_service:
      return "unknown-service";
  }
  return {};
}

std::string name_of(ir::AccessMode mode) {
  return mode == ir::AccessMode::enforce ? "enforce" : "permissive";
}

std::string name_of(ir::Protocol protocol) {
  switch (protocol) {
    case ir::Protocol::http:
      return "http";
    case ir::Protocol::tcp:
      return "tcp";
    case ir::Protocol::udp:
      return "udp";
  }
  return {};
}

// ---- shares -----------------------------------------------------------------------------------

// What each backend has of all, "90", "33.3": in percent, with strict shares whether or not somebody
// is there to take it (D-20c). Where nobody can take anything, nobody has a share.
class Shares {
 public:
  explicit Shares(const Explanation& explanation) : strict_(explanation.policy.strict_shares()) {
    if (explanation.outcome == Outcome::unavailable) return;
    for (const BackendAnswer& each : explanation.backends) total_ += counted(each);
  }

  bool strict() const { return strict_; }

  std::string percent(const BackendAnswer& answer) const {
    const std::uint64_t share = counted(answer);
    const double percent =
        total_ == 0 ? 0.0 : 100.0 * static_cast<double>(share) / static_cast<double>(total_);
    std::array<char, 32> text;
    const bool whole = percent == static_cast<double>(static_cast<std::uint64_t>(percent));
    std::snprintf(text.data(), text.size(), whole ? "%.0f" : "%.1f", percent);
    return text.data();
  }

 private:
  std::uint64_t counted(const BackendAnswer& answer) const {
    return strict_ || answer.usable() ? answer.backend.weight : 0;
  }

  bool strict_;
  std::uint64_t total_ = 0;
};

// ---- json -------------------------------------------------------------------------------------

std::string quoted(std::string_view text) { return '"' + json_escape(text) + '"'; }

std::string json_of(const ir::Origin& origin) {
  return "{\"resource\": " + quoted(origin.resource) + ", \"file\": " + quoted(origin.file) +
         ", \"line\": " + std::to_string(origin.line) + "}";
}

std::string json_of(const BackendAnswer& answer, const Shares& shares) {
  return "{\"service\": " + quoted(ir::to_string(answer.backend.service)) +
         ", \"port\": " + std::to_string(answer.backend.port) +
         ", \"weight\": " + std::to_string(answer.backend.weight) +
         ", \"allowed\": " + (answer.allowed ? "true" : "false") +
         ", \"ready\": " + std::to_string(answer.ready) +
         ", \"share\": " + shares.percent(answer) + "}";
}

std::string name_of(Difference::Part part) {
  switch (part) {
    case Difference::Part::source:
      return "source";
    case Difference::Part::protocol:
      return "protocol";
    case Difference::Part::port:
      return "port";
    case Difference::Part::method:
      return "method";
    case Difference::Part::path:
      return "path";
    case Difference::Part::header:
      return "header";
    case Difference::Part::nothing:
      return "nothing";
  }
  return {};
}

std::string json_of(const Difference& difference) {
  const bool pattern =
      difference.part == Difference::Part::path || difference.part == Difference::Part::header;
  std::string text = "{\"part\": " + quoted(name_of(difference.part));
  if (!difference.name.empty()) text += ", \"name\": " + quoted(difference.name);
  text += ", \"is\": " + (difference.is ? quoted(*difference.is) : "null");
  return text + (pattern ? ", \"must_match\": " : ", \"must_be\": ") + quoted(difference.must_be) +
         "}";
}

std::string json_of(const contract::PolicyLine& line) {
  return "{\"name\": " + quoted(line.name) + ", \"value\": " + quoted(line.value) +
         ", \"origin\": " + json_of(line.origin) + "}";
}

template <class Items, class Render>
std::string array_of(const Items& items, Render render) {
  std::string text = "[";
  for (const auto& item : items) text += (text.size() == 1 ? "" : ", ") + render(item);
  return text + "]";
}

std::string json_of(const NearMiss& miss) {
  return "{\"rule\": " + json_of(miss.rule) +
         ", \"match\": " + (miss.match ? json_of(*miss.match) : "null") + ", \"differ\": " +
         array_of(miss.differ, [](const Difference& each) { return json_of(each); }) + "}";
}

// ---- human ------------------------------------------------------------------------------------

std::string paint(const std::string& text, std::string_view code, bool colour) {
  return colour ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
}

std::string_view colour_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::forward:
      return "1;32";
    case Outcome::deny:
      return "1;31";
    case Outcome::unavailable:
      return "1;33";
    case Outcome::unknown_service:
      return "1;33";
  }
  return {};
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string backend_row(const BackendAnswer& answer, const Shares& shares) {
  std::string row =
      "  " + padded("  " + shares.percent(answer) + '%', 10) +
      padded(ir::to_string(answer.backend.service) + ':' + std::to_string(answer.backend.port),
             36) +
      padded("weight " + std::to_string(answer.backend.weight), 14);
  if (answer.ready == 0) return row + "no ready endpoint" + (shares.strict() ? ": 503" : "");
  return row + (answer.allowed ? "allowed" : "denied");
}

std::string origin_row(std::string_view label, const ir::Origin& origin) {
  return "  " + padded(std::string(label), 10) + padded(origin.resource, 50) + place_of(origin) +
         '\n';
}

// "127.3.2.1 with smic up, 240.96.1.7 in a cluster"
std::string place_row(const MeshPlace& place) {
  if (place.loopback.empty()) return {};
  std::string text = "  " + padded("address", 10) + place.loopback.front() + " with smic up, ";
  if (place.node.empty()) return text + "in a cluster what follows from its cluster IP\n";
  for (const std::string& each : place.node)
    text += each + (&each == &place.node.back() ? "" : " and ");
  return text + " in a cluster\n";
}

std::string request_text(const Query& query, const Explanation& explanation) {
  const std::string service =
      ir::to_string(query.to) + (query.port == 0 ? "" : ':' + std::to_string(query.port));
  const std::string what = explanation.protocol == ir::Protocol::http
                               ? query.method + ' ' + query.path
                               : name_of(explanation.protocol) + " traffic";
  return what + " from " + ir::to_string(query.from) + " to " + service;
}

}  // namespace

std::string render_json(const Query& query, const Explanation& explanation,
                        const std::string& between) {
  const bool http = explanation.protocol == ir::Protocol::http;
  const bool known = explanation.outcome != Outcome::unknown_service;
  const std::string next = "," + between;
  const auto origin_json = [](const ir::Origin& origin) { return json_of(origin); };
  const auto policy_json = [](const contract::PolicyLine& line) { return json_of(line); };
  const Shares shares(explanation);
  const auto backend_json = [&](const BackendAnswer& answer) { return json_of(answer, shares); };
  return "{\"outcome\": " + quoted(name_of(explanation.outcome)) + "," + between +
         "\"route\": " + (explanation.route ? json_of(*explanation.route) : "null") + "," +
         between + "\"backends\": " + array_of(explanation.backends, backend_json) + "," + between +
         "\"because\": " + array_of(explanation.because, origin_json) + "," + between +
         "\"mode\": " + (known ? quoted(name_of(explanation.mode)) : "null") + "," + between +
         "\"reason\": " + quoted(explanation.reason) + "," + between +
         "\"hints\": " + array_of(explanation.hints, quoted) + "," + between + "\"nearest\": " +
         array_of(explanation.nearest, [](const NearMiss& miss) { return json_of(miss); }) + "," +
         between + "\"addresses\": {\"loopback\": " + array_of(explanation.place.loopback, quoted) +
         ", \"node\": " + array_of(explanation.place.node, quoted) + "}," + between +
         "\"policies\": " + array_of(contract::lines_of(explanation.policy), policy_json) + "," +
         between + "\"request\": {\"from\": " + quoted(ir::to_string(query.from)) +
         ", \"service\": " + quoted(ir::to_string(query.to)) +
         ", \"port\": " + std::to_string(query.port) +
         ", \"protocol\": " + (known ? quoted(name_of(explanation.protocol)) : "null") +
         ", \"method\": " + (http ? quoted(query.method) : "null") +
         ", \"path\": " + (http ? quoted(query.path) : "null") + "}}\n";
}

std::string render_human(const Query& query, const Explanation& explanation, bool colour) {
  std::string text = paint(name_of(explanation.outcome), colour_of(explanation.outcome), colour) +
                     ": " + request_text(query, explanation) + "\n\n";
  if (explanation.route) text += origin_row("route", *explanation.route);
  const Shares shares(explanation);
  for (const BackendAnswer& each : explanation.backends) text += backend_row(each, shares) + '\n';
  for (const ir::Origin& origin : explanation.because) text += origin_row("because", origin);
  text += "  " + padded("why", 10) + explanation.reason + '\n';
  for (const std::string& hint : explanation.hints) text += "  " + padded("", 10) + hint + '\n';
  for (const contract::PolicyLine& line : contract::lines_of(explanation.policy)) {
    text += "  " + padded("policy", 10) + padded(std::string(line.name) + ' ' + line.value, 50) +
            place_of(line.origin) + '\n';
  }
  return text + place_row(explanation.place);
}

}  // namespace smic::cli
