// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/cli/status_report_test.cpp.
#include "controller/distribution/status.h"

#include <boost/json.hpp>
#include <ctime>

namespace smic::distribution {
namespace {

namespace json = boost::json;

json::value time_of(const std::optional<Clock::time_point>& time) {
  if (!time) return nullptr;
  std::tm utc{};
  const std::time_t seconds = Clock::to_time_t(*time);
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::optional<Clock::time_point> time_from(const json::string& text) {
  std::tm utc{};
  if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &utc) == nullptr) return std::nullopt;
  return Clock::from_time_t(::timegm(&utc));
}

}  // namespace

std::string to_json(const Status& status) {
  json::array nodes;
  for (const NodeStatus& node : status.nodes) {
    json::object object{{"node", node.node},       {"connected", node.followed()},
                        {"epoch", node.epoch},     {"version", node.version},
                        {"current", node.current}, {"since", time_of(node.since)},
                        {"target", nullptr},       {"refused", nullptr}};
    if (!node.target.empty()) object["target"] = node.target;
    if (!node.refused.empty()) {
      object["refused"] = {{"epoch", node.refused_epoch},
                           {"version", node.refused_version},
                           {"reason", node.refused}};
    }
    nodes.push_back(std::move(object));
  }
  const json::value root = {{"epoch", status.epoch}, {"version", status.version}, {"nodes", nodes}};
  return json::serialize(root) + "\n";
}

Result<Status> status_from_json(std::string_view text) {
  json::error_code error;
  const json::value document = json::parse(text, error);
  const auto bad = [] { return fail("this is no status of a controller"); };
  if (error) return bad();
  try {
    Status status{.epoch = document.at("epoch").to_number<std::uint64_t>(),
                  .version = document.at("version").to_number<std::uint64_t>(),
                  .nodes = {}};
    for (const json::value& each : document.at("nodes").as_array()) {
      NodeStatus node;
      node.node = std::string(each.at("node").as_string());
      node.streams = each.at("connected").as_bool() ? 1 : 0;
      node.epoch = each.at("epoch").to_number<std::uint64_t>();
      node.version = each.at("version").to_number<std::uint64_t>();
      node.current = each.at("current").as_bool();
      if (each.at("since").is_string()) node.since = time_from(each.at("since").as_string());
      const json::value* target = each.as_object().if_contains("target");
      if (target != nullptr && target->is_string()) node.target = std::string(target->as_string());
      if (const json::value& refused = each.at("refused"); refused.is_object()) {
        node.refused_epoch = refused.at("epoch").to_number<std::uint64_t>();
        node.refused_version = refused.at("version").to_number<std::uint64_t>();
        node.refused = std::string(refused.at("reason").as_string());
      }
      status.nodes.push_back(std::move(node));
    }
    return status;
  } catch (const std::exception&) {  // of Boost.JSON: a field is missing or of another type
    return bad();
  }
}

}  // namespace smic::distribution
