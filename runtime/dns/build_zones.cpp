// SPDX-License-Identifier: Apache-2.0
// A manifest's names as zones:
//
//   mesh zones        web.shop.mesh             A, AAAA   the mesh addresses of a meshed Service
//                     _http._tcp.web.shop.mesh  SRV       its named ports, at that name
//   plain namespaces  web.shop.svc.cluster.local, as the Kubernetes DNS specification 1.1.0 says:
//     §2.3 ClusterIP    A, AAAA and SRV as above, and where the Service is meshed, with its mesh
//                       addresses: that is the point of opting in
//     §2.4 headless     the addresses of all ready pods at the Service's name, of each at its host
//                       name below it, and an SRV record for each pod. These stay the pods' own
//                       also where the Service is meshed: a client of a headless name wants to know
//                       its peers, and a StatefulSet that saw one address for all would not form
//     §2.5 ExternalName CNAME
//   reverse zones     1.7.96.240.in-addr.arpa   PTR       the mesh name, in the first mesh zone
//
// Not here is the rest of the cluster's zone (dns-version, pod-ip-address names): it stays with the
// cluster's own DNS, for a stub zone begins at NAMESPACE.svc. Tested by zones_test.cpp.
#include <arpa/inet.h>

#include <map>
#include <optional>

#include "runtime/dns/zones.h"

namespace smic::dns {
namespace {

std::optional<Address> address_of(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return address;
  address.size = 16;
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string_view protocol_label(contract::Transport transport) {
  switch (transport) {
    case contract::Transport::tcp:
      return "_tcp";
    case contract::Transport::udp:
      return "_udp";
    case contract::Transport::sctp:
      return "_sctp";
  }
  return {};
}

// The node at `labels`; those above it exist from now on too.
Node& node_at(Tree& tree, std::string_view labels) {
  for (std::string_view above = labels; !above.empty();) {
    above.remove_prefix(1 + static_cast<std::size_t>(above.front()));
    if (!tree.try_emplace(std::string(above)).second) break;
  }
  return tree[std::string(labels)];
}

void add_addresses(Tree& tree, std::string_view at, const std::vector<std::string>& addresses) {
  Node& node = node_at(tree, at);
  for (const std::string& text : addresses) {
    if (const auto address = address_of(text)) node.records.push_back(*address);
  }
}

// `_http._tcp.` in front of the service's labels; nothing for a port without a name.
std::optional<std::string> service_labels(const contract::NamedPort& port,
                                          std::string_view service) {
  if (port.name.empty()) return std::nullopt;
  const auto name = label_of('_' + port.name);
  const auto protocol = label_of(protocol_label(port.transport));
  if (!name || !protocol) return std::nullopt;
  return *name + *protocol + std::string(service);
}

void add_ports(Tree& tree, const std::string& service, const contract::ServiceNames& names) {
  for (const contract::NamedPort& port : names.ports) {
    const auto labels = service_labels(port, service);
    if (labels) node_at(tree, *labels).records.push_back(ServicePort{port.port, service});
  }
}

// "namespace/name" in wire form, the name first; `ns` may be left away.
std::optional<std::string> labels_of(const std::string& service, bool with_namespace) {
  const std::size_t slash = service.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto name = label_of(std::string_view(service).substr(slash + 1));
  const auto ns = label_of(std::string_view(service).substr(0, slash));
  if (!name || !ns) return std::nullopt;
  return with_namespace ? *name + *ns : *name;
}

std::shared_ptr<const Tree> mesh_tree(const contract::Names& names) {
  auto tree = std::make_shared<Tree>();
  node_at(*tree, {});
  for (const contract::ServiceNames& service : names.services) {
    const auto labels = labels_of(service.service, true);
    if (!labels || service.mesh_addresses.empty()) continue;
    add_addresses(*tree, *labels, service.mesh_addresses);
    add_ports(*tree, *labels, service);
  }
  return tree;
}

void add_pods(Tree& tree, const std::string& service, const contract::ServiceNames& names) {
  node_at(tree, service);
  for (const contract::NamedPod& pod : names.pods) {
    const auto host = label_of(pod.host);
    if (!host) continue;
    const std::string labels = *host + service;
    add_addresses(tree, service, {pod.address});
    add_addresses(tree, labels, {pod.address});
    for (std::size_t i = 0; i < names.ports.size(); ++i) {
      const auto at = service_labels(names.ports[i], service);
      if (!at || pod.ports[i] == 0) continue;
      node_at(tree, *at).records.push_back(ServicePort{pod.ports[i], labels});
    }
  }
}

void add_plain(Tree& tree, const std::string& labels, const contract::ServiceNames& service) {
  switch (service.kind) {
    case contract::NameKind::addresses:
      add_addresses(tree, labels,
                    service.mesh_addresses.empty() ? service.cluster_ips : service.mesh_addresses);
      return add_ports(tree, labels, service);
    case contract::NameKind::pods:
      return add_pods(tree, labels, service);
    case contract::NameKind::alias:
      Node& node = node_at(tree, labels);
      if (auto target = Name::parse(service.alias)) node.records = {Alias{std::move(*target)}};
      return;
  }
}

using Trees = std::map<std::string_view, std::shared_ptr<Tree>, std::less<>>;

// A tree for each plain namespace, by its name.
Trees plain_trees(const contract::Names& names) {
  Trees trees;
  for (const std::string& ns : names.plain_namespaces) {
    node_at(*(trees[ns] = std::make_shared<Tree>()), {});
  }
  for (const contract::ServiceNames& service : names.services) {
    const auto tree = trees.find(service.service.substr(0, service.service.find('/')));
    if (tree == trees.end()) continue;
    if (const auto labels = labels_of(service.service, false)) {
      add_plain(*tree->second, *labels, service);
    }
  }
  return trees;
}

// RFC 1035 §3.5 and RFC 3596 §2.5: "1.7.96.240.in-addr.arpa", and a label per nibble.
std::optional<Name> reverse_name(const Address& address) {
  std::string text;
  for (std::size_t i = address.size; i-- > 0;) {
    const std::uint8_t byte = address.bytes[i];
    if (address.size == 4) {
      text += std::to_string(byte) + '.';
      continue;
    }
    for (const int nibble : {byte & 15, byte >> 4}) {
      text += "0123456789abcdef"[nibble];
      text += '.';
    }
  }
  return Name::parse(text + (address.size == 4 ? "in-addr.arpa" : "ip6.arpa"));
}

std::shared_ptr<const Tree> reverse_tree(const contract::Names& names, const Name& apex) {
  auto tree = std::make_shared<Tree>();
  node_at(*tree, {});
  if (names.mesh_zones.empty()) return tree;
  const auto mesh = Name::parse(names.mesh_zones.front());
  for (const contract::ServiceNames& service : names.services) {
    const auto labels = labels_of(service.service, true);
    const auto target = mesh && labels ? Name::join(*labels, *mesh) : std::nullopt;
    for (const std::string& text : service.mesh_addresses) {
      const auto address = address_of(text);
      const auto name = address ? reverse_name(*address) : std::nullopt;
      if (!target || !name || !name->wire().ends_with(apex.wire())) continue;
      const auto below = name->wire().substr(0, name->wire().size() - apex.wire().size());
      node_at(*tree, below).records.push_back(Pointer{*target});
    }
  }
  return tree;
}

}  // namespace

void Zones::add(std::string_view apex, std::shared_ptr<const Tree> tree) {
  const auto name = Name::parse(apex);
  // The root is nobody's to answer for: a zone of that name would take the whole world.
  if (!name || name->labels().empty()) return;
  zones_.try_emplace(std::string(name->wire()), Zone{*name, std::move(tree)});
}

Zones Zones::build(const contract::Names& names, std::uint32_t serial) {
  Zones zones;
  zones.serial_ = serial;
  const auto mesh = mesh_tree(names);
  for (const std::string& zone : names.mesh_zones) zones.add(zone, mesh);
  for (const auto& [ns, tree] : plain_trees(names)) {
    zones.add(std::string(ns) + ".svc." + names.cluster_domain, tree);
  }
  for (const std::string& zone : names.reverse_zones) {
    if (const auto apex = Name::parse(zone)) zones.add(zone, reverse_tree(names, *apex));
  }
  return zones;
}

const Node* Zone::find(std::string_view labels) const {
  const auto found = tree->find(labels);
  return found == tree->end() ? nullptr : &found->second;
}

std::pair<const Zone*, std::string_view> Zones::find(const Name& name) const {
  for (std::string_view rest = name.wire(); rest.size() > 1;
       rest.remove_prefix(1 + static_cast<std::size_t>(rest.front()))) {
    const auto found = zones_.find(rest);
    if (found == zones_.end()) continue;
    return {&found->second, name.wire().substr(0, name.wire().size() - rest.size())};
  }
  return {nullptr, {}};
}

}  // namespace smic::dns
