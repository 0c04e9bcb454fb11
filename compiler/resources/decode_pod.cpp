// SPDX-License-Identifier: Apache-2.0
// Pods, and the workloads whose templates stand in for pods that are not running yet.
#include "compiler/resources/kinds.h"

namespace smic::resources {
namespace {

void read_container_ports(const Fields& spec, std::string_view list, PodShape& shape) {
  spec.each(list, [&](const Node& item, const std::string& path) {
    const Fields container = spec.item(item, path);
    container.each("ports", [&](const Node& port_item, const std::string& port_path) {
      const Fields fields = container.item(port_item, port_path);
      ContainerPort port;
      port.name = fields.plain_text("name");
      port.protocol = fields.plain_text("protocol", "TCP");
      if (fields.get("containerPort") == nullptr) return fields.missing("containerPort");
      if (const auto number = fields.port("containerPort")) port.port = number->value;
      shape.ports.push_back(std::move(port));
    });
  });
}

PodShape read_shape(const Fields& spec, Labels labels) {
  PodShape shape;
  shape.labels = std::move(labels);
  // The second name is the deprecated alias that the API server still fills in.
  shape.service_account =
      spec.plain_text("serviceAccountName", spec.plain_text("serviceAccount", "default"));
  if (shape.service_account.empty()) shape.service_account = "default";
  shape.host_network = spec.boolean("hostNetwork", false);
  read_container_ports(spec, "containers", shape);
  return shape;
}

std::vector<std::string> read_addresses(const Fields& status) {
  std::vector<std::string> ips;
  status.each("podIPs", [&](const Node& item, const std::string& path) {
    const Fields entry = status.item(item, path);
    if (std::string ip = entry.plain_text("ip"); !ip.empty()) ips.push_back(std::move(ip));
  });
  if (std::string ip = status.plain_text("podIP"); ips.empty() && !ip.empty()) {
    ips.push_back(std::move(ip));
  }
  return ips;
}

bool is_ready(const Fields& status) {
  bool ready = true;
  status.each("conditions", [&](const Node& item, const std::string& path) {
    const Fields condition = status.item(item, path);
    if (condition.plain_text("type") == "Ready") ready = condition.plain_text("status") == "True";
  });
  return ready;
}

}  // namespace

void decode_pod(Object& object, const Fields& fields, Set& set) {
  const Fields spec = fields.mapping("spec");
  const Fields status = fields.mapping("status");
  Pod pod{.meta = object.meta, .shape = read_shape(spec, object.meta.labels)};
  pod.ips = read_addresses(status);
  pod.node = spec.plain_text("nodeName");
  pod.hostname = spec.plain_text("hostname");
  pod.subdomain = spec.plain_text("subdomain");
  const std::string phase = status.plain_text("phase", "Running");
  pod.running = phase != "Succeeded" && phase != "Failed";
  pod.ready = is_ready(status);
  keep(object, set.pods, std::move(pod));
}

void decode_workload(Object& object, const Fields& fields, Set& set) {
  Fields spec = fields.mapping("spec");
  const bool cron = object.kind.value == "CronJob";
  const Fields owner = cron ? spec.mapping("jobTemplate").mapping("spec") : spec;
  const Fields pod_template = owner.mapping("template");
  Workload workload{.meta = object.meta, .kind = object.kind.value};
  workload.shape =
      read_shape(pod_template.mapping("spec"), pod_template.mapping("metadata").labels("labels"));
  keep(object, set.workloads, std::move(workload));
}

}  // namespace smic::resources
