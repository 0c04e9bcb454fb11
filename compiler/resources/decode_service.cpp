// SPDX-License-Identifier: Apache-2.0
// Namespace, ServiceAccount, Service and what is behind it: EndpointSlice, and the older Endpoints,
// which become slices.
#include "compiler/resources/kinds.h"

namespace smic::resources {
namespace {

constexpr std::string_view kServiceNameLabel = "kubernetes.io/service-name";

ServicePort read_service_port(const Fields& fields) {
  ServicePort port;
  port.name = fields.plain_text("name");
  port.protocol = fields.plain_text("protocol", "TCP");
  port.app_protocol = fields.plain_text("appProtocol");
  if (fields.get("port") == nullptr) {
    fields.missing("port");
  } else if (const auto number = fields.port("port")) {
    port.port = *number;
  }
  const Node* target = fields.get("targetPort");
  if (target == nullptr) return port;
  if (target->kind == NodeKind::scalar && scalar_type(*target) == ScalarType::text) {
    port.target = std::string(target->text);
  } else if (const auto number = fields.port("targetPort")) {
    port.target = number->value;
  }
  return port;
}

std::vector<std::string> read_cluster_ips(const Fields& spec, const std::string& first) {
  if (first.empty() || first == "None") return {};
  std::vector<std::string> all;
  for (Text& address : spec.texts("clusterIPs")) all.push_back(std::move(address.value));
  if (all.empty()) all.push_back(first);
  return all;
}

SliceEndpoint read_endpoint(const Fields& fields) {
  SliceEndpoint endpoint;
  for (Text& address : fields.texts("addresses")) {
    endpoint.addresses.push_back(std::move(address.value));
  }
  endpoint.ready = fields.mapping("conditions").boolean("ready", true);
  endpoint.node = fields.plain_text("nodeName");
  endpoint.hostname = fields.plain_text("hostname");
  const Fields target = fields.mapping("targetRef");
  if (target.plain_text("kind") == "Pod") endpoint.pod = target.plain_text("name");
  return endpoint;
}

SlicePort read_slice_port(const Fields& fields) {
  SlicePort port;
  port.name = fields.plain_text("name");
  port.protocol = fields.plain_text("protocol", "TCP");
  if (const auto number = fields.port("port")) port.port = number->value;
  return port;
}

// Endpoints list addresses by readiness, each a mapping with `ip`.
void read_addresses(const Fields& subset, std::string_view key, bool ready, EndpointSlice& slice) {
  subset.each(key, [&](const Node& item, const std::string& path) {
    const Fields fields = subset.item(item, path);
    SliceEndpoint endpoint;
    endpoint.ready = ready;
    endpoint.addresses.push_back(fields.required_text("ip").value);
    endpoint.node = fields.plain_text("nodeName");
    endpoint.hostname = fields.plain_text("hostname");
    const Fields target = fields.mapping("targetRef");
    if (target.plain_text("kind") == "Pod") endpoint.pod = target.plain_text("name");
    slice.endpoints.push_back(std::move(endpoint));
  });
}

std::vector<SlicePort> read_slice_ports(const Fields& fields) {
  std::vector<SlicePort> ports;
  fields.each("ports", [&](const Node& item, const std::string& path) {
    ports.push_back(read_slice_port(fields.item(item, path)));
  });
  return ports;
}

}  // namespace

void decode_namespace(Object& object, const Fields&, Set& set) {
  keep(object, set.namespaces, Namespace{object.meta});
}

void decode_service_account(Object& object, const Fields&, Set& set) {
  keep(object, set.service_accounts, ServiceAccount{object.meta});
}

void decode_service(Object& object, const Fields& fields, Set& set) {
  Service service{.meta = object.meta};
  const Fields spec = fields.mapping("spec");
  service.type = spec.plain_text("type", "ClusterIP");
  service.cluster_ip = spec.plain_text("clusterIP");
  service.cluster_ips = read_cluster_ips(spec, service.cluster_ip);
  service.external_name = spec.plain_text("externalName");
  service.selector = spec.labels("selector");
  service.publish_not_ready = spec.boolean("publishNotReadyAddresses", false);
  spec.each("ports", [&](const Node& item, const std::string& path) {
    service.ports.push_back(read_service_port(spec.item(item, path)));
  });
  keep(object, set.services, std::move(service));
}

void decode_endpoint_slice(Object& object, const Fields& fields, Set& set) {
  EndpointSlice slice{.meta = object.meta};
  const auto label = object.meta.labels.find(std::string(kServiceNameLabel));
  if (label != object.meta.labels.end()) slice.service = label->second;
  if (slice.service.empty()) {
    object.warn("W52", object.meta.name.span, object.title() + " belongs to no Service",
                "add the label `" + std::string(kServiceNameLabel) + "` with the Service's name");
  }
  fields.each("endpoints", [&](const Node& item, const std::string& path) {
    slice.endpoints.push_back(read_endpoint(fields.item(item, path)));
  });
  slice.ports = read_slice_ports(fields);
  keep(object, set.endpoint_slices, std::move(slice));
}

void decode_endpoints(Object& object, const Fields& fields, Set& set) {
  fields.each("subsets", [&](const Node& item, const std::string& path) {
    const Fields subset = fields.item(item, path);
    EndpointSlice slice{
        .meta = object.meta, .service = object.meta.name.value, .from_endpoints = true};
    read_addresses(subset, "addresses", true, slice);
    read_addresses(subset, "notReadyAddresses", false, slice);
    slice.ports = read_slice_ports(subset);
    keep(object, set.endpoint_slices, std::move(slice));
  });
}

}  // namespace smic::resources
