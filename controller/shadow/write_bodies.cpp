// SPDX-License-Identifier: Apache-2.0
#include "controller/shadow/write_bodies.h"

#include "compiler/resources/value.h"

namespace smic::shadow {
namespace {

using resources::Value;

constexpr const char* kManagedBy = "smic.dev";

Value text(std::string_view value) { return Value(std::string(value)); }
Value number(std::uint16_t value) { return Value(Value::Number{std::to_string(value)}); }
Value mapping() { return Value(Value::Members{}); }

Value labels_of(const Labels& labels) {
  Value value = mapping();
  for (const auto& [name, word] : labels) value.set(name, text(word));
  return value;
}

Value& begin(Value& root, std::string_view api_version, std::string_view kind,
             const std::string& ns, const std::string& name, const Labels& labels) {
  root.set("apiVersion", text(api_version));
  root.set("kind", text(kind));
  Value& metadata = root.set("metadata", mapping());
  metadata.set("name", text(name));
  metadata.set("namespace", text(ns));
  metadata.set("labels", labels_of(labels));
  return metadata;
}

Value port_entry(const Port& port) {
  Value entry = mapping();
  entry.set("name", text(port_name(port)));
  entry.set("protocol", text(word_of(port.transport)));
  return entry;
}

}  // namespace

Labels service_labels() { return {{"app.kubernetes.io/part-of", "smic"}, {kShadowLabel, "true"}}; }

Labels slice_labels(const std::string& service) {
  Labels labels = service_labels();
  labels.emplace_back(kServiceNameLabel, service);
  labels.emplace_back("endpointslice.kubernetes.io/managed-by", kManagedBy);
  return labels;
}

std::string service_body(const ServiceToWrite& service, bool patch) {
  Value root = mapping();
  begin(root, "v1", "Service", service.ns, service.name, service_labels())
      .set("annotations", mapping())
      .set(kOfAnnotation, text(service.of));
  Value& spec = root.set("spec", mapping());
  spec.set("type", text("ClusterIP"));
  spec.set("internalTrafficPolicy", text("Local"));
  spec.set("sessionAffinity", text("None"));
  Value::List ports;
  for (const auto& [port, target] : service.targets) {
    Value& entry = ports.emplace_back(port_entry(port));
    entry.set("port", number(port.number));
    entry.set("targetPort", number(target));
  }
  spec.set("ports", Value(std::move(ports)));
  if (!service.families.empty()) {
    Value::List families;
    for (const IpFamily family : service.families) families.push_back(text(word_of(family)));
    spec.set("ipFamilyPolicy", text(families.size() > 1 ? "PreferDualStack" : "SingleStack"));
    spec.set("ipFamilies", Value(std::move(families)));
  }
  if (patch) {
    for (const char* foreign : {"selector", "externalIPs", "externalName"}) {
      spec.set(foreign, Value());
    }
  }
  return print_json(root);
}

std::string slice_body(const SliceToWrite& slice) {
  Value root = mapping();
  Value& metadata = begin(root, "discovery.k8s.io/v1", "EndpointSlice", slice.ns, slice.name,
                          slice_labels(slice.service));
  // In one namespace it is legal to own: the slices go with their Service.
  Value owner = mapping();
  owner.set("apiVersion", text("v1"));
  owner.set("kind", text("Service"));
  owner.set("name", text(slice.service));
  owner.set("uid", text(slice.owner));
  metadata.set("ownerReferences", Value(Value::List{std::move(owner)}));
  root.set("addressType", text(word_of(slice.family)));
  Value::List endpoints;
  for (const SliceEndpoint& each : *slice.endpoints) {
    Value& entry = endpoints.emplace_back(mapping());
    entry.set("addresses", Value(Value::List{text(each.address)}));
    entry.set("conditions", mapping()).set("ready", Value(true));
    entry.set("nodeName", text(each.node));
  }
  root.set("endpoints", Value(std::move(endpoints)));
  Value::List ports;
  for (const auto& [port, target] : slice.targets) {
    ports.emplace_back(port_entry(port)).set("port", number(target));
  }
  root.set("ports", Value(std::move(ports)));
  return print_json(root);
}

}  // namespace smic::shadow
