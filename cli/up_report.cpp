// SPDX-License-Identifier: Apache-2.0
// Tested by up_report_test.cpp.
#include "cli/up_report.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

namespace smic::cli {
namespace {

std::string without_namespace(const std::string& name) { return name.substr(name.find('/') + 1); }

std::string address_of(const contract::Unit& unit) {
  if (unit.listen_addresses.empty()) return "none";
  return unit.listen_addresses.front() + ':' + std::to_string(unit.listen_port);
}

std::string protocol_of(const contract::Unit& unit) {
  switch (unit.protocol) {
    case contract::Protocol::http:
      return "http";
    case contract::Protocol::tcp:
      return "tcp";
    case contract::Protocol::udp:
      return "udp";
  }
  return {};
}

// "TrafficSplit reviews-canary: reviews-v1 9, reviews-v2 1", or "itself".
std::string route_text(const contract::Unit& unit, const contract::Route& route) {
  if (route.split.empty()) return route.origin.resource + ": nobody";
  const auto& only = unit.backends.at(route.split.front().backend);
  if (route.split.size() == 1 && only.service == unit.service) return "itself";
  std::string text = route.origin.resource + ':';
  for (const contract::WeightedBackend& each : route.split) {
    text += (text.ends_with(':') ? " " : ", ") +
            without_namespace(unit.backends.at(each.backend).service) + ' ' +
            std::to_string(each.weight);
  }
  return text;
}

std::string routes_text(const contract::Unit& unit) {
  std::string text;
  for (const contract::Route& route : unit.routes) {
    text += (text.empty() ? "" : "; else ") + route_text(unit, route);
  }
  return text;
}

using Row = std::vector<std::string>;

std::string columns(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    text += ' ';
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += ' ' + row[i];
      if (i + 1 < row.size()) text += std::string(widths[i] - row[i].size() + 1, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string rest_of(std::size_t count) {
  return count <= kMostRows ? "" : "  ... and " + std::to_string(count - kMostRows) + " more\n";
}

std::string services_table(const contract::Manifest& manifest) {
  std::vector<Row> rows{{"MESH NAME", "ADDRESS", "PROTOCOL", "ACCESS", "ROUTES"}};
  for (const contract::Unit& unit : manifest.units) {
    if (rows.size() > kMostRows) break;
    const bool open = unit.access == contract::AccessMode::permissive;
    rows.push_back({mesh_name(unit.service), address_of(unit), protocol_of(unit),
                    open ? "permissive" : "enforce", routes_text(unit)});
  }
  return columns(rows) + rest_of(manifest.units.size());
}

std::string clients_table(const contract::Manifest& manifest) {
  if (manifest.identities.empty()) return {};
  std::vector<Row> rows{{"A CLIENT THAT BINDS", "IS", "POD"}};
  for (const contract::PodIdentity& pod : manifest.identities) {
    if (rows.size() > kMostRows) break;
    rows.push_back({pod.address, pod.identity, pod.pod});
  }
  return '\n' + columns(rows) + rest_of(manifest.identities.size());
}

using Key = std::tuple<std::string, std::uint16_t, contract::Protocol>;

std::map<Key, const contract::Unit*> by_key(const contract::Manifest& manifest) {
  std::map<Key, const contract::Unit*> units;
  for (const contract::Unit& unit : manifest.units)
    units[{unit.service, unit.port, unit.protocol}] = &unit;
  return units;
}

// What of a unit is different, in the words of its author.
std::string difference(const contract::Unit& before, const contract::Unit& after) {
  if (routes_text(before) != routes_text(after)) return routes_text(after);
  if (before.access != after.access || before.image != after.image) return "rules changed";
  if (before.backends != after.backends) return "endpoints changed";
  return "changed";
}

}  // namespace

std::string mesh_name(const std::string& service) {
  return without_namespace(service) + '.' + service.substr(0, service.find('/')) + ".mesh";
}

std::string table_of(const contract::Manifest& manifest) {
  if (manifest.units.empty()) return "  no Service is meshed yet\n";
  return services_table(manifest) + clients_table(manifest);
}

std::string changes_between(const contract::Manifest& before, const contract::Manifest& after) {
  const auto old_units = by_key(before);
  const auto new_units = by_key(after);
  std::vector<Row> rows;
  const auto row = [&rows](const char* sign, const contract::Unit& unit, std::string what) {
    rows.push_back(
        {sign, mesh_name(unit.service), address_of(unit), protocol_of(unit), std::move(what)});
  };
  for (const auto& [key, unit] : new_units) {
    const auto old_unit = old_units.find(key);
    if (old_unit == old_units.end()) {
      row("+", *unit, routes_text(*unit));
    } else if (*old_unit->second != *unit) {
      row("~", *unit, difference(*old_unit->second, *unit));
    }
  }
  for (const auto& [key, unit] : old_units) {
    if (!new_units.contains(key)) row("-", *unit, "gone");
  }
  const std::size_t count = rows.size();
  if (count > kMostRows) rows.resize(kMostRows);
  return columns(rows) + rest_of(count);
}

}  // namespace smic::cli
