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
// cluster's own DNS, for a stub zone begins at NAMESPACE.svc.
//
// What a service brings is said once, and done in two ways: added, and taken away again when the
// service is another. Tested by zones_test.cpp.
#include <arpa/inet.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

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

// What a service brings, put in or taken out.
class Part {
 public:
  Part(Tree& tree, bool adds) : tree_(tree), adds_(adds) {}

  void name(std::string_view labels) { adds_ ? tree_.claim(labels) : tree_.release(labels); }
  void record(std::string_view labels, Record record) {
    adds_ ? tree_.add(labels, std::move(record)) : tree_.remove(labels, record);
  }

 private:
  Tree& tree_;
  const bool adds_;
};

void addresses(Part& part, std::string_view at, const std::vector<std::string>& addresses) {
  part.name(at);
  for (const std::string& text : addresses) {
    if (const auto address = address_of(text)) part.record(at, *address);
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

void ports(Part& part, const std::string& service, const contract::ServiceNames& names) {
  for (const contract::NamedPort& port : names.ports) {
    const auto labels = service_labels(port, service);
    if (labels) part.record(*labels, ServicePort{port.port, service});
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

void mesh_names(Part& part, const contract::ServiceNames& service) {
  const auto labels = labels_of(service.service, true);
  if (!labels || service.mesh_addresses.empty()) return;
  addresses(part, *labels, service.mesh_addresses);
  ports(part, *labels, service);
}

void pods(Part& part, const std::string& service, const contract::ServiceNames& names) {
  part.name(service);
  for (const contract::NamedPod& pod : names.pods) {
    const auto host = label_of(pod.host);
    if (!host) continue;
    const std::string labels = *host + service;
    addresses(part, service, {pod.address});
    addresses(part, labels, {pod.address});
    for (std::size_t i = 0; i < names.ports.size(); ++i) {
      const auto at = service_labels(names.ports[i], service);
      if (at && pod.ports[i] != 0) part.record(*at, ServicePort{pod.ports[i], labels});
    }
  }
}

void plain_names(Part& part, const contract::ServiceNames& service) {
  const auto labels = labels_of(service.service, false);
  if (!labels) return;
  switch (service.kind) {
    case contract::NameKind::addresses:
      addresses(part, *labels,
                service.mesh_addresses.empty() ? service.cluster_ips : service.mesh_addresses);
      return ports(part, *labels, service);
    case contract::NameKind::pods:
      return pods(part, *labels, service);
    case contract::NameKind::alias:
      part.name(*labels);
      if (auto target = Name::parse(service.alias)) part.record(*labels, Alias{std::move(*target)});
      return;
  }
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

void reverse_names(Part& part, const contract::ServiceNames& service, const Name& mesh,
                   const Name& apex) {
  const auto labels = labels_of(service.service, true);
  const auto target = labels ? Name::join(*labels, mesh) : std::nullopt;
  for (const std::string& text : service.mesh_addresses) {
    const auto address = address_of(text);
    const auto name = address ? reverse_name(*address) : std::nullopt;
    if (!target || !name || !name->wire().ends_with(apex.wire())) continue;
    part.record(name->wire().substr(0, name->wire().size() - apex.wire().size()), Pointer{*target});
  }
}

// ---- from one version to the next ---------------------------------------------------------------

using Service = contract::Shared<contract::ServiceNames>;
using Services = std::vector<Service>;

struct Difference {
  std::vector<const contract::ServiceNames*> gone, come;
};

// Of the same object nothing can have changed, and what is read from a file again is often equal.
// What is the same at both ends is most of it; in between, services are told by their names.
Difference difference(const Services& before, const Services& after) {
  const auto [first, first_after] = std::ranges::mismatch(before, after);
  auto last = before.end();
  auto last_after = after.end();
  while (last != first && last_after != first_after && *(last - 1) == *(last_after - 1)) {
    --last;
    --last_after;
  }
  std::unordered_map<std::string_view, const Service*> old;
  Difference result;
  for (auto each = first; each != last; ++each) {
    if (!old.try_emplace((*each)->service, &*each).second) result.gone.push_back(&**each);
  }
  for (auto each = first_after; each != last_after; ++each) {
    const auto same = old.find((*each)->service);
    if (same != old.end() && *same->second == *each) {
      old.erase(same);
    } else {
      result.come.push_back(&**each);
    }
  }
  for (const auto& [name, service] : old) result.gone.push_back(&**service);
  return result;
}

bool same_zones(const contract::Names& a, const contract::Names& b) {
  return a.mesh_zones == b.mesh_zones && a.cluster_domain == b.cluster_domain &&
         a.plain_namespaces == b.plain_namespaces && a.reverse_zones == b.reverse_zones;
}

std::string plain_apex(std::string_view ns, const contract::Names& names) {
  return std::string(ns) + ".svc." + names.cluster_domain;
}

// Parts of a tree of the whole mesh, and of one namespace.
constexpr std::size_t kManyParts = 1024, kFewParts = 64;

}  // namespace

// Changes trees, each copied when it is changed first.
class ZoneEditor {
 public:
  explicit ZoneEditor(Zones& zones) : zones_(zones) {
    for (auto& [wire, zone] : zones_.zones_) {
      if (zone.kind == Zone::Kind::reverse) reverse_.push_back(&zone);
    }
    if (!zones_.names_.mesh_zones.empty()) mesh_ = Name::parse(zones_.names_.mesh_zones.front());
  }

  void change(const contract::ServiceNames& service, bool adds) {
    if (Tree* tree = shared_mesh_tree()) {
      Part part(*tree, adds);
      mesh_names(part, service);
    }
    const std::string_view ns =
        std::string_view(service.service).substr(0, service.service.find('/'));
    if (std::ranges::find(zones_.names_.plain_namespaces, ns) !=
        zones_.names_.plain_namespaces.end()) {
      change_plain(plain_apex(ns, zones_.names_), service, adds);
    }
    if (!mesh_) return;
    for (Zone* zone : reverse_) {
      Part part(own(*zone), adds);
      reverse_names(part, service, *mesh_, zone->apex);
    }
  }

 private:
  void change_plain(const std::string& apex, const contract::ServiceNames& service, bool adds) {
    const auto name = Name::parse(apex);
    const auto zone = name ? zones_.zones_.find(name->wire()) : zones_.zones_.end();
    if (zone == zones_.zones_.end() || zone->second.kind != Zone::Kind::plain) return;
    Part part(own(zone->second), adds);
    plain_names(part, service);
  }

  // One tree of all mesh zones.
  Tree* shared_mesh_tree() {
    if (!mesh_asked_) {
      mesh_asked_ = true;
      for (auto& [wire, zone] : zones_.zones_) {
        if (zone.kind != Zone::Kind::mesh) continue;
        if (mesh_tree_ == nullptr) mesh_tree_ = std::make_shared<Tree>(*zone.tree);
        zone.tree = mesh_tree_;
      }
    }
    return mesh_tree_.get();
  }

  Tree& own(Zone& zone) {
    std::shared_ptr<Tree>& tree = owned_[&zone];
    if (tree == nullptr) zone.tree = tree = std::make_shared<Tree>(*zone.tree);
    return *tree;
  }

  Zones& zones_;
  std::optional<Name> mesh_;  // what addresses lead back to
  std::vector<Zone*> reverse_;
  std::map<const Zone*, std::shared_ptr<Tree>> owned_;
  bool mesh_asked_ = false;
  std::shared_ptr<Tree> mesh_tree_;
};

void Zones::add(Zone::Kind kind, std::string_view apex, std::shared_ptr<const Tree> tree) {
  const auto name = Name::parse(apex);
  // The root is nobody's to answer for: a zone of that name would take the whole world.
  if (!name || name->labels().empty()) return;
  zones_.try_emplace(std::string(name->wire()), Zone{kind, *name, std::move(tree)});
}

Zones Zones::build(const contract::Names& names, std::uint32_t serial) {
  Zones empty;
  empty.names_ = names;
  empty.names_.services.clear();
  const auto mesh = std::make_shared<const Tree>(kManyParts);
  for (const std::string& zone : names.mesh_zones) empty.add(Zone::Kind::mesh, zone, mesh);
  for (const std::string& ns : names.plain_namespaces) {
    empty.add(Zone::Kind::plain, plain_apex(ns, names), std::make_shared<const Tree>(kFewParts));
  }
  for (const std::string& zone : names.reverse_zones) {
    empty.add(Zone::Kind::reverse, zone, std::make_shared<const Tree>(kManyParts));
  }
  return next(empty, names, serial);
}

Zones Zones::next(const Zones& before, const contract::Names& names, std::uint32_t serial) {
  if (!same_zones(before.names_, names)) return build(names, serial);
  Zones zones;
  zones.zones_ = before.zones_;
  zones.names_ = names;
  zones.serial_ = serial;
  const Difference changes = difference(before.names_.services, names.services);
  ZoneEditor editor(zones);
  for (const contract::ServiceNames* service : changes.gone) editor.change(*service, false);
  for (const contract::ServiceNames* service : changes.come) editor.change(*service, true);
  return zones;
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
