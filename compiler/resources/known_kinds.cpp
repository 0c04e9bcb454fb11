// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/known_kinds.h"

namespace smic::resources {
namespace {

constexpr Kind kKinds[] = {
    {"", "Namespace", decode_namespace},
    {"", "ServiceAccount", decode_service_account},
    {"", "Service", decode_service},
    {"", "Endpoints", decode_endpoints},
    {"", "Pod", decode_pod},
    {"", "ReplicationController", decode_workload},
    {"discovery.k8s.io", "EndpointSlice", decode_endpoint_slice},
    {"apps", "Deployment", decode_workload},
    {"apps", "StatefulSet", decode_workload},
    {"apps", "DaemonSet", decode_workload},
    {"apps", "ReplicaSet", decode_workload},
    {"extensions", "Deployment", decode_workload},
    {"extensions", "DaemonSet", decode_workload},
    {"extensions", "ReplicaSet", decode_workload},
    {"batch", "Job", decode_workload},
    {"batch", "CronJob", decode_workload},
    {"specs.smi-spec.io", "HTTPRouteGroup", decode_http_route_group, 1},
    {"specs.smi-spec.io", "TCPRoute", decode_tcp_route, 1},
    {"specs.smi-spec.io", "UDPRoute", decode_udp_route, 4},
    {"access.smi-spec.io", "TrafficTarget", decode_traffic_target, 1},
    {"access.smi-spec.io", "IdentityBinding", decode_identity_binding, 4},
    {"split.smi-spec.io", "TrafficSplit", decode_traffic_split, 1},
};

}  // namespace

std::span<const Kind> known_kinds() { return kKinds; }

ApiVersion parse_api_version(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == text.npos) return {"", text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

const Kind* find_kind(std::string_view group, std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.group == group && kind.name == name) return &kind;
  }
  return nullptr;
}

bool has_version(const Kind& kind, std::string_view version) {
  if (!kind.is_smi()) return true;
  constexpr std::string_view kAlpha = "v1alpha";
  return version.size() == kAlpha.size() + 1 && version.starts_with(kAlpha) &&
         version.back() >= '0' + kind.first_version && version.back() <= '4';
}

}  // namespace smic::resources
