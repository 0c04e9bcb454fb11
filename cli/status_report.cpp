// SPDX-License-Identifier: Apache-2.0
// Tested by status_report_test.cpp.
#include "cli/status_report.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace smic::cli {
namespace {

using distribution::NodeStatus;
using distribution::Status;
using Row = std::array<std::string, 6>;

std::string named(std::uint64_t epoch, std::uint64_t version) {
  return version == 0 ? "-" : std::to_string(epoch) + '.' + std::to_string(version);
}

// "40s", "3m", "5h", "2d"
std::string age(std::chrono::seconds seconds) {
  const auto count = std::max<long long>(seconds.count(), 0);
  if (count < 120) return std::to_string(count) + 's';
  if (count < 120 * 60) return std::to_string(count / 60) + 'm';
  if (count < 48 * 3600) return std::to_string(count / 3600) + 'h';
  return std::to_string(count / (24 * 3600)) + 'd';
}

Row row_of(const NodeStatus& node, const Wanted& wanted, distribution::Clock::time_point now) {
  const bool good = enforces(node, wanted);
  std::string remark =
      node.refused.empty()
          ? std::string(good ? "" : "behind")
          : "refused " + named(node.refused_epoch, node.refused_version) + ": " + node.refused;
  if (node.streams == 0 && remark.empty()) remark = "not connected";
  return {
      node.node,
      node.streams > 0 ? "yes" : "no",
      named(node.epoch, node.version),
      node.since ? age(std::chrono::duration_cast<std::chrono::seconds>(now - *node.since)) : "-",
      node.target.empty() ? "-" : node.target,
      std::move(remark)};
}

std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    while (line.ends_with(' ')) line.pop_back();
    text += line + '\n';
  }
  return text;
}

bool tells_more(const NodeStatus& one, const NodeStatus& other) {
  if ((one.streams > 0) != (other.streams > 0)) return one.streams > 0;
  return one.since.value_or(distribution::Clock::time_point::min()) >
         other.since.value_or(distribution::Clock::time_point::min());
}

}  // namespace

Status together(std::span<const Status> answers) {
  Status all;
  std::map<std::string, NodeStatus> nodes;
  for (const Status& answer : answers) {
    if (std::pair(answer.epoch, answer.version) > std::pair(all.epoch, all.version)) {
      all.epoch = answer.epoch;
      all.version = answer.version;
    }
    for (const NodeStatus& node : answer.nodes) {
      const auto [known, first] = nodes.try_emplace(node.node, node);
      if (!first && tells_more(node, known->second)) known->second = node;
    }
  }
  for (auto& [name, node] : nodes) all.nodes.push_back(std::move(node));
  return all;
}

bool enforces(const NodeStatus& node, const Wanted& wanted) {
  return wanted.version == 0 ? node.current : node.version >= wanted.version;
}

bool all_enforce(const Status& status, const Wanted& wanted) {
  return status.version > 0 && !status.nodes.empty() &&
         std::ranges::all_of(status.nodes,
                             [&](const NodeStatus& node) { return enforces(node, wanted); });
}

std::string status_table(const Status& status, const Wanted& wanted,
                         distribution::Clock::time_point now) {
  std::vector<Row> rows{{"NODE", "CONNECTED", "ENFORCES", "SINCE", "CODE", ""}};
  for (const NodeStatus& node : status.nodes) rows.push_back(row_of(node, wanted, now));
  const auto good = std::ranges::count_if(
      status.nodes, [&](const NodeStatus& node) { return enforces(node, wanted); });
  std::string text = status.nodes.empty() ? "" : table(rows) + '\n';
  if (status.version == 0) return text + "the controller has no state yet\n";
  const std::string what = wanted.version == 0
                               ? "what is now, " + named(status.epoch, status.version)
                               : "version " + std::to_string(wanted.version) + " or later";
  return text + std::to_string(good) + " of " + std::to_string(status.nodes.size()) +
         " nodes enforce " + what + '\n';
}

}  // namespace smic::cli
