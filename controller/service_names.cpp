// SPDX-License-Identifier: Apache-2.0
// Tested by service_names_test.cpp.
#include "controller/service_names.h"

#include <map>

namespace smic::controller {
namespace {

using Objects = std::map<ir::ServiceRef, const resources::Service*>;

Objects by_ref(const resources::Set& set) {
  Objects objects;
  for (const resources::Service& service : set.services) {
    objects.try_emplace({service.meta.ns.value, service.meta.name.value}, &service);
  }
  return objects;
}

std::set<std::string> plain_namespaces(const resources::Set& set) {
  std::set<std::string> names;
  for (const resources::Namespace& object : set.namespaces) {
    if (has_plain_names(object)) names.insert(object.meta.name.value);
  }
  return names;
}

contract::NameKind kind_of(const resources::Service& object) {
  if (object.type == "ExternalName") return contract::NameKind::alias;
  return object.cluster_ip == "None" ? contract::NameKind::pods : contract::NameKind::addresses;
}

contract::Transport transport_of(const std::string& protocol) {
  if (protocol == "UDP") return contract::Transport::udp;
  return protocol == "SCTP" ? contract::Transport::sctp : contract::Transport::tcp;
}

std::vector<contract::NamedPort> ports_as_written(const resources::Service& object) {
  std::vector<contract::NamedPort> ports;
  for (const resources::ServicePort& port : object.ports) {
    ports.push_back({port.name, transport_of(port.protocol), port.port.value});
  }
  return ports;
}

// A pod without a hostname gets a label that its address makes, as in CoreDNS.
std::string host_of(const model::Endpoint& endpoint) {
  if (!endpoint.hostname.empty()) return endpoint.hostname;
  std::string label = endpoint.address;
  for (char& letter : label) {
    if (letter == '.' || letter == ':') letter = '-';
  }
  return label;
}

// The model's ports are sorted and without SCTP; of each as written, the pod port it leads to.
contract::NamedPod pod_of(const model::Service& service, const model::Endpoint& endpoint,
                          const std::vector<contract::NamedPort>& ports) {
  contract::NamedPod pod{host_of(endpoint), endpoint.address, {}};
  for (const contract::NamedPort& port : ports) {
    const bool udp = port.transport == contract::Transport::udp;
    const auto target =
        service.target_port(endpoint, port.port, udp ? ir::Protocol::udp : ir::Protocol::tcp);
    pod.ports.push_back(port.transport == contract::Transport::sctp ? port.port
                                                                    : target.value_or(0));
  }
  return pod;
}

}  // namespace

bool has_plain_names(const resources::Namespace& object) {
  const auto label = object.meta.labels.find(kNamesLabel);
  return label != object.meta.labels.end() && label->second == "plain";
}

contract::ServiceNames names_of(const model::Service& service, const resources::Service& object) {
  contract::ServiceNames names;
  names.service = ir::to_string(service.ref);
  names.kind = kind_of(object);
  names.ports = ports_as_written(object);
  if (names.kind == contract::NameKind::alias) names.alias = object.external_name;
  if (names.kind == contract::NameKind::addresses) names.cluster_ips = object.cluster_ips;
  if (names.kind != contract::NameKind::pods) return names;
  for (const model::Endpoint& endpoint : service.endpoints) {
    if (!endpoint.ready || endpoint.address.empty()) continue;
    names.pods.push_back(pod_of(service, endpoint, names.ports));
  }
  return names;
}

contract::Names service_names(const Frontend& front, const AddressPlan::Addresses& addresses,
                              std::vector<std::string> mesh_zones, std::string cluster_domain) {
  const Objects objects = by_ref(front.resources);
  const std::set<std::string> plain = plain_namespaces(front.resources);
  contract::Names names{.mesh_zones = std::move(mesh_zones),
                        .cluster_domain = std::move(cluster_domain),
                        .plain_namespaces = {plain.begin(), plain.end()}};
  std::map<ir::ServiceRef, contract::ServiceNames> services;
  for (const model::Service& service : front.mesh.services) {
    if (!addresses.contains(service.ref) && !plain.contains(service.ref.ns)) continue;
    services.emplace(service.ref, names_of(service, *objects.at(service.ref)));
  }
  for (const auto& [ref, address] : addresses) {  // a unit of a .smir file has no Service
    contract::ServiceNames& service = services[ref];
    service.service = ir::to_string(ref);
    service.mesh_addresses = address;
  }
  for (auto& [ref, service] : services) names.services.push_back(std::move(service));
  return names;
}

}  // namespace smic::controller
