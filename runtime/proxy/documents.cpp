// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/documents.h"

#include <map>

#include "base/log.h"
#include "runtime/net/address.h"

namespace smic::proxy {
namespace {

std::string quoted(const std::string& text) { return "\"" + json_escape(text) + "\""; }

// "shop/reviews" → "reviews.shop.mesh"
std::string mesh_name(const std::string& service) {
  const std::size_t slash = service.find('/');
  return service.substr(slash + 1) + "." + service.substr(0, slash) + ".mesh";
}

std::string address_of(const contract::Unit& unit) {
  if (unit.listen_addresses.empty()) return {};
  const auto address = net::SocketAddress::parse(unit.listen_addresses.front(), unit.listen_port);
  return address ? address->to_string() : std::string();
}

std::string suffix_of(contract::Protocol protocol) {
  switch (protocol) {
    case contract::Protocol::http:
      return "";
    case contract::Protocol::tcp:
      return "/tcp";
    case contract::Protocol::udp:
      return "/udp";
  }
  return "";
}

// Which target's code each unit runs: {"shop/reviews:9080":"x86_64-v3"}, a line each.
std::string targets_of(const program::Snapshot* snapshot) {
  std::string text = "{";
  for (std::size_t i = 0; snapshot != nullptr && i < snapshot->units.size(); ++i) {
    const program::Unit& unit = *snapshot->units[i];
    const std::string port = std::to_string(unit.manifest.port) + suffix_of(unit.manifest.protocol);
    text += (i == 0 ? "\n" : ",\n") + quoted(unit.manifest.service + ':' + port) + ':' +
            quoted(unit.program->target());
  }
  return text + '}';
}

}  // namespace

std::string config_document(const program::Snapshot* snapshot) {
  contract::Manifest manifest;
  if (snapshot != nullptr) {
    manifest.version = snapshot->version;
    for (const auto& unit : snapshot->units) manifest.units.push_back(unit->shared());
    const std::map<std::string, contract::PodIdentity> sorted(snapshot->identities->begin(),
                                                              snapshot->identities->end());
    for (const auto& [address, identity] : sorted) manifest.identities.push_back(identity);
  }
  std::string text = contract::to_json(manifest);
  text.erase(text.find_last_of('}'));
  return text + ",\"targets\":" + targets_of(snapshot) + "}\n";
}

std::string target_metrics(const program::Snapshot* snapshot) {
  std::map<std::string, std::size_t> units;
  for (std::size_t i = 0; snapshot != nullptr && i < snapshot->units.size(); ++i) {
    ++units[snapshot->units[i]->program->target()];
  }
  std::string out =
      "# HELP smic_units_by_target Units by whose code decides: of a CPU target, or portable.\n"
      "# TYPE smic_units_by_target gauge\n";
  for (const auto& [target, count] : units) {
    out += "smic_units_by_target{target=" + quoted(target) + "} " + std::to_string(count) + "\n";
  }
  return out;
}

// Every port by its number, with the first of its addresses. A number that is not HTTP's is there
// with its protocol too, because TCP and UDP may share one: {"53": …, "53/tcp": …, "53/udp": …}.
std::string addresses_document(const program::Snapshot* snapshot) {
  using Ports = std::map<std::pair<std::uint16_t, std::string>, std::string>;  // → address
  std::map<std::string, Ports> names;
  if (snapshot != nullptr) {
    for (const auto& each : snapshot->units) {
      const contract::Unit& unit = each->manifest;
      Ports& ports = names[mesh_name(unit.service)];
      const std::string protocol = suffix_of(unit.protocol);
      ports[{unit.port, ""}] = ports[{unit.port, protocol}] = address_of(unit);
    }
  }
  std::string out = "{";
  for (const auto& [name, ports] : names) {
    out += (out.size() > 1 ? ", " : "") + quoted(name) + ": {";
    bool first = true;
    for (const auto& [port, address] : ports) {
      if (!std::exchange(first, false)) out += ", ";
      out += quoted(std::to_string(port.first) + port.second) + ": " + quoted(address);
    }
    out += "}";
  }
  return out + "}\n";
}

std::string_view word_of(steer::RangeStatus::How how) {
  switch (how) {
    case steer::RangeStatus::How::steered:
      return "steered";
    case steer::RangeStatus::How::bound:
      return "bound";
    case steer::RangeStatus::How::unavailable:
      break;
  }
  return "unavailable";
}

std::string steering_document(const std::vector<steer::RangeStatus>& ranges,
                              const std::vector<steer::Proof>& proofs) {
  std::string out = "{\"ranges\":[";
  for (const steer::RangeStatus& each : ranges) {
    if (!out.ends_with('[')) out += ",";
    out += "{\"range\":" + quoted(each.range.to_string()) +
           ",\"traffic\":" + quoted(std::string(word_of(each.how))) +
           ",\"reason\":" + quoted(each.reason) + "}";
  }
  out += "],\"proofs\":[";
  for (const steer::Proof& each : proofs) {
    if (!out.ends_with('[')) out += ",";
    out += "{\"range\":" + quoted(each.range.to_string()) +
           ",\"holds\":" + (each.holds ? "true" : "false") +
           ",\"as_a_pod\":" + (each.as_a_pod ? "true" : "false") +
           ",\"told\":" + quoted(each.told) + ",\"forged\":" + quoted(each.forged) + "}";
  }
  return out + "]}\n";
}

std::string steering_metrics(const std::vector<steer::RangeStatus>& ranges,
                             const std::vector<steer::Proof>& proofs) {
  if (ranges.empty()) return {};
  std::string out =
      "# HELP smic_mesh_range How traffic for a mesh range gets here.\n"
      "# TYPE smic_mesh_range gauge\n";
  for (const steer::RangeStatus& each : ranges) {
    out += "smic_mesh_range{range=" + quoted(each.range.to_string()) +
           ",traffic=" + quoted(std::string(word_of(each.how))) + "} 1\n";
  }
  out +=
      "# HELP smic_mesh_range_proven Whether a probe of the range was answered.\n"
      "# TYPE smic_mesh_range_proven gauge\n";
  for (const steer::Proof& each : proofs) {
    out += "smic_mesh_range_proven{range=" + quoted(each.range.to_string()) + "} " +
           (each.holds ? "1" : "0") + "\n";
  }
  out +=
      "# HELP smic_mesh_range_forgeable Whether a probe could send in the name of another pod.\n"
      "# TYPE smic_mesh_range_forgeable gauge\n";
  for (const steer::Proof& each : proofs) {
    out += "smic_mesh_range_forgeable{range=" + quoted(each.range.to_string()) + "} " +
           (each.forged.empty() ? "0" : "1") + "\n";
  }
  return out;
}

}  // namespace smic::proxy
