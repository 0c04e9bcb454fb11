// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/contract/edges_test.cpp and tests/fuzz/fuzz_edges.cpp.
#include "contract/edges.h"

#include <boost/json.hpp>

#include "base/log.h"
#include "contract/latency.h"

namespace smic::contract {
namespace {

namespace json = boost::json;

void put(std::string& out, std::string_view name, std::string_view text) {
  out.append(out.ends_with('{') ? "\"" : ",\"").append(name).append("\":\"");
  out.append(json_escape(text)).append("\"");
}

void put(std::string& out, std::string_view name, std::uint64_t number) {
  out.append(out.ends_with('{') ? "\"" : ",\"").append(name).append("\":");
  out.append(std::to_string(number));
}

Result<json::object> object_of(std::string_view line) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error) return fail("no JSON: " + error.message());
  if (!value.is_object()) return fail("no object");
  return std::move(value.as_object());
}

std::string text(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::uint64_t number(const json::value* value) {
  if (value == nullptr) return 0;
  if (value->is_uint64()) return value->as_uint64();
  return value->is_int64() && value->as_int64() > 0 ? static_cast<std::uint64_t>(value->as_int64())
                                                    : 0;
}

Result<EdgeCounts> counts_of(const json::object& object) {
  EdgeCounts counts{
      number(object.if_contains("success")), number(object.if_contains("failure")), {}};
  const json::value* latency = object.if_contains("latency");
  if (latency == nullptr || !latency->is_array()) return fail("`latency` is no list");
  for (const json::value& each : latency->as_array()) {
    if (!each.is_array() || each.as_array().size() != 2)
      return fail("`latency` is no list of pairs");
    const std::uint64_t bucket = number(&each.as_array()[0]);
    const bool ascends =
        counts.latency.empty() || bucket > std::uint64_t{counts.latency.back().first};
    if (bucket >= kLatencyBuckets || !ascends)
      return fail("`latency` has a bucket that is not one");
    counts.latency.emplace_back(static_cast<std::uint32_t>(bucket), number(&each.as_array()[1]));
  }
  return counts;
}

}  // namespace

std::string to_json(const EdgeReport& report) {
  std::string out = "{";
  put(out, "instance", report.instance);
  put(out, "age_millis", report.age_millis);
  out += "}\n";
  for (const auto& [names, counts] : report.edges) {
    out += '{';
    put(out, "source", names.source);
    put(out, "destination", names.destination);
    put(out, "service", names.service);
    put(out, "split", names.split);
    put(out, "backend", names.backend);
    put(out, "success", counts.success);
    put(out, "failure", counts.failure);
    out += ",\"latency\":[";
    for (const auto& [bucket, count] : counts.latency) {
      if (out.back() == ']') out += ',';
      out += '[' + std::to_string(bucket) + ',' + std::to_string(count) + ']';
    }
    out += "]}\n";
  }
  return out;
}

Result<EdgeReport> edges_from_json(std::string_view lines) {
  EdgeReport report;
  bool first = true;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    if (line.size() == lines.size()) return fail("edges: the last line is not complete");
    lines.remove_prefix(line.size() + 1);
    const auto object = object_of(line);
    if (!object) return fail(object, "edges");
    if (std::exchange(first, false)) {
      report.instance = text(*object, "instance");
      report.age_millis = number(object->if_contains("age_millis"));
      if (report.instance.empty()) return fail("edges: the proxy does not say which it is");
      continue;
    }
    auto counts = counts_of(*object);
    if (!counts) return fail(counts, "edges");
    report.edges.emplace_back(
        EdgeNames{text(*object, "source"), text(*object, "destination"), text(*object, "service"),
                  text(*object, "split"), text(*object, "backend")},
        std::move(*counts));
  }
  if (first) return fail("edges: nothing was said");
  return report;
}

}  // namespace smic::contract
