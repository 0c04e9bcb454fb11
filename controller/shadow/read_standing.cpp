// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "compiler/resources/value_path.h"
#include "contract/digest.h"
#include "controller/shadow/standing.h"
#include "controller/shadow/write_bodies.h"

namespace smic::shadow {
namespace {

using resources::each;
using resources::Value;
using resources::within;

std::string text_at(const Value& root, std::initializer_list<std::string_view> path) {
  const Value* value = within(&root, path);
  const auto* text = value == nullptr ? nullptr : value->as<std::string>();
  return text == nullptr ? std::string() : *text;
}

std::uint16_t number_in(std::string_view digits) {
  std::uint16_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::uint16_t port_number(const Value& holder, std::string_view name) {
  const Value* value = holder.find(name);
  const auto* number = value == nullptr ? nullptr : value->as<Value::Number>();
  return number == nullptr ? std::uint16_t{0} : number_in(number->digits);
}

bool has_members(const Value* mapping) {
  const auto* members = mapping == nullptr ? nullptr : mapping->as<Value::Members>();
  return members != nullptr && !members->empty();
}

bool has_items(const Value* list) {
  const auto* items = list == nullptr ? nullptr : list->as<Value::List>();
  return items != nullptr && !items->empty();
}

bool has_labels(const Value& root, const std::vector<std::pair<std::string, std::string>>& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    return text_at(root, {"metadata", "labels", label.first}) == label.second;
  });
}

// "tcp-80": the Service's port, by the name that we gave it.
std::optional<Port> port_named(const Value& entry, std::uint16_t number) {
  const std::string protocol = entry.text("protocol");
  const Port port{number, protocol == "UDP" ? Transport::udp : Transport::tcp};
  if (protocol != word_of(port.transport) || entry.text("name") != port_name(port)) {
    return std::nullopt;
  }
  return port;
}

std::uint16_t number_of_name(const std::string& name) {
  const std::size_t dash = name.find('-');
  return dash == name.npos ? std::uint16_t{0} : number_in(name.substr(dash + 1));
}

}  // namespace

std::string shadow_name(const ir::ServiceRef& service) {
  const contract::Hash hash = contract::hash_of(ir::to_string(service));
  return std::string(kNamePrefix) + contract::to_hex(std::span(hash).first(16));
}

std::string_view word_of(IpFamily family) { return family == IpFamily::v4 ? "IPv4" : "IPv6"; }
std::string_view word_of(Transport transport) {
  return transport == Transport::udp ? "UDP" : "TCP";
}
std::string port_name(const Port& port) {
  return (port.transport == Transport::udp ? "udp-" : "tcp-") + std::to_string(port.number);
}
std::string slice_name(const std::string& service, IpFamily family, std::size_t number) {
  return service + (family == IpFamily::v4 ? "-v4" : "-v6") +
         (number == 0 ? "" : '-' + std::to_string(number + 1));
}

std::uint64_t hash_of(const std::vector<SliceEndpoint>& endpoints) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto mix = [&](std::string_view text) {
    for (const unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3u;
    hash = (hash ^ 0xff) * 0x100000001b3u;  // no byte of either
  };
  for (const SliceEndpoint& each : endpoints) {
    mix(each.node);
    mix(each.address);
  }
  return hash;
}

std::string version_in(std::string_view object) {
  const auto root = resources::value_of_json(object);
  return root ? text_at(*root, {"metadata", "resourceVersion"}) : std::string();
}

StandingService read_service(std::string_view object) {
  StandingService service;
  const auto root = resources::value_of_json(object);
  if (!root) return service;
  service.uid = text_at(*root, {"metadata", "uid"});
  service.created = text_at(*root, {"metadata", "creationTimestamp"});
  service.of = text_at(*root, {"metadata", "annotations", kOfAnnotation});
  const Value* spec = root->find("spec");
  if (spec == nullptr) return service;
  service.as_written =
      has_labels(*root, service_labels()) && !has_members(spec->find("selector")) &&
      spec->text("type") == "ClusterIP" && spec->text("internalTrafficPolicy") == "Local" &&
      spec->text("sessionAffinity") == "None" && !has_items(spec->find("externalIPs"));
  each(spec->find("clusterIPs"), [&](const Value& item) {
    const auto* text = item.as<std::string>();
    const auto address = text == nullptr ? std::nullopt : IpAddress::parse(*text);
    if (address) service.families.push_back(address->family);
  });
  each(spec->find("ports"), [&](const Value& entry) {
    const auto port = port_named(entry, port_number(entry, "port"));
    const std::uint16_t target = port_number(entry, "targetPort");
    const bool good = port && target != 0 && service.targets.try_emplace(*port, target).second;
    service.as_written &= good;
  });
  return service;
}

StandingSlice read_slice(std::string_view object) {
  StandingSlice slice;
  const auto root = resources::value_of_json(object);
  if (!root) return slice;
  slice.service = text_at(*root, {"metadata", "labels", kServiceNameLabel});
  slice.as_written = has_labels(*root, slice_labels(slice.service));
  each(within(&*root, {"metadata", "ownerReferences"}),
       [&](const Value& owner) { slice.owner = owner.text("uid"); });
  for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
    if (root->text("addressType") == word_of(family)) slice.family = family;
  }
  each(root->find("ports"), [&](const Value& entry) {
    const auto port = port_named(entry, number_of_name(entry.text("name")));
    const std::uint16_t target = port_number(entry, "port");
    const bool good = port && target != 0 && slice.targets.try_emplace(*port, target).second;
    slice.as_written &= good;
  });
  std::vector<SliceEndpoint> endpoints;
  each(root->find("endpoints"), [&](const Value& entry) {
    SliceEndpoint endpoint{entry.text("nodeName"), ""};
    std::size_t count = 0;
    each(entry.find("addresses"), [&](const Value& item) {
      if (const auto* text = item.as<std::string>()) endpoint.address = *text;
      ++count;
    });
    const Value* ready = within(&entry, {"conditions", "ready"});
    const bool* truth = ready == nullptr ? nullptr : ready->as<bool>();
    slice.as_written &= count == 1 && truth != nullptr && *truth;
    endpoints.push_back(std::move(endpoint));
  });
  slice.endpoints = hash_of(endpoints);
  return slice;
}

Node read_node(std::string_view object) {
  Node node;
  const auto root = resources::value_of_json(object);
  if (!root) return node;
  node.name = text_at(*root, {"metadata", "name"});
  each(within(&*root, {"status", "addresses"}), [&](const Value& entry) {
    if (entry.text("type") != "InternalIP") return;
    const auto address = IpAddress::parse(entry.text("address"));
    if (address) node.addresses.push_back(*address);
  });
  return node;
}

std::vector<kube::WatchedKind> kinds(const std::string& ns) {
  return {
      {"",
       "services",
       "Service",
       {"v1"},
       false,
       {"metadata.labels", "metadata.annotations", "spec.type", "spec.clusterIPs", "spec.selector",
        "spec.ports", "spec.internalTrafficPolicy", "spec.externalIPs", "spec.sessionAffinity"},
       ns,
       kShadowLabel},
      {"discovery.k8s.io",
       "endpointslices",
       "EndpointSlice",
       {"v1"},
       false,
       {"metadata.labels", "metadata.ownerReferences", "addressType", "endpoints", "ports"},
       ns,
       kShadowLabel},
      {"", "nodes", "Node", {"v1"}, false, {"status.addresses"}}};
}

}  // namespace smic::shadow
