// SPDX-License-Identifier: Apache-2.0
// Conditions of Pods and readiness in slices are kept without their times, and annotations only
// where one of ours may stand: `endpoints.kubernetes.io/last-change-trigger-time` alone would make
// every slice new at every turn of its controller.
#include "controller/kube/watched_kinds.h"

namespace smic::kube {
namespace {

WatchedKind smi(std::string group, std::string plural, std::string kind,
                std::vector<std::string> versions) {
  return {group + ".smi-spec.io",
          std::move(plural),
          std::move(kind),
          std::move(versions),
          true,
          // The versions up to v1alpha2 have their fields beside `metadata`, not below `spec`.
          {"metadata.labels", "metadata.annotations", "spec", "matches", "destination", "sources",
           "specs"}};
}

std::vector<WatchedKind> table() {
  const std::vector<std::string> all{"v1alpha4", "v1alpha3", "v1alpha2", "v1alpha1"};
  const std::vector<std::string> newest{"v1alpha4"};
  return {
      {"", "namespaces", "Namespace", {"v1"}, false, {"metadata.labels", "metadata.annotations"}},
      {"", "serviceaccounts", "ServiceAccount", {"v1"}, false, {"metadata.labels"}},
      {"",
       "services",
       "Service",
       {"v1"},
       false,
       {"metadata.labels", "metadata.annotations", "spec.type", "spec.clusterIP", "spec.clusterIPs",
        "spec.externalName", "spec.selector", "spec.ports.name", "spec.ports.port",
        "spec.ports.targetPort", "spec.ports.protocol", "spec.ports.appProtocol"}},
      {"",
       "pods",
       "Pod",
       {"v1"},
       false,
       {"metadata.labels", "spec.serviceAccountName", "spec.serviceAccount", "spec.nodeName",
        "spec.hostNetwork", "spec.containers.ports.name", "spec.containers.ports.containerPort",
        "spec.containers.ports.protocol", "spec.hostname", "spec.subdomain", "status.phase",
        "status.podIP", "status.podIPs", "status.conditions.type", "status.conditions.status"}},
      {"discovery.k8s.io",
       "endpointslices",
       "EndpointSlice",
       {"v1"},
       false,
       {"metadata.labels", "endpoints.addresses", "endpoints.conditions.ready",
        "endpoints.nodeName", "endpoints.hostname", "endpoints.targetRef.kind",
        "endpoints.targetRef.name", "ports.name", "ports.port", "ports.protocol"},
       "",
       '!' + std::string(kShadowLabel)},
      smi("access", "traffictargets", "TrafficTarget", all),
      smi("access", "identitybindings", "IdentityBinding", newest),
      smi("specs", "httproutegroups", "HTTPRouteGroup", all),
      smi("specs", "tcproutes", "TCPRoute", all),
      smi("specs", "udproutes", "UDPRoute", newest),
      smi("split", "trafficsplits", "TrafficSplit", all),
  };
}

}  // namespace

std::span<const WatchedKind> watched_kinds() {
  static const std::vector<WatchedKind> kinds = table();
  return kinds;
}

}  // namespace smic::kube
