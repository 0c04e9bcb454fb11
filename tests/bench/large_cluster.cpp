// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/large_cluster.h"

#include <algorithm>

namespace smic::bench {
namespace {

constexpr std::size_t kServicesOfNamespace = 100;

std::string text(std::size_t number) { return std::to_string(number); }

std::string quoted(std::string json) {  // written with ' for "
  std::ranges::replace(json, '\'', '"');
  return json;
}

std::string ns_of(std::size_t service) { return "ns-" + text(service / kServicesOfNamespace); }
std::string name_of(std::size_t service) {
  return "service-" + text(service % kServicesOfNamespace);
}

std::string address_of(std::size_t pod) {
  return "10." + text(pod / 62500) + "." + text(pod / 250 % 250) + "." + text(1 + pod % 250);
}

kube::Object object(const std::string& api, const std::string& kind, const std::string& ns,
                    const std::string& name, const std::string& metadata, const std::string& rest) {
  std::string json =
      "{'apiVersion':'" + api + "','kind':'" + kind + "','metadata':{'name':'" + name + "'";
  if (!ns.empty()) json += ",'namespace':'" + ns + "'";
  json += ",'uid':'8f7e1c2a-0000-4000-8000-" + text(100000000000 + name.size()) + "'" + metadata;
  return {ns, name, "1", quoted(json + "}" + rest + "}")};
}

}  // namespace

void LargeCluster::tell(const Put& put) const {
  for (std::size_t s = 0; s < services_; s += kServicesOfNamespace) {
    put("Namespace", object("v1", "Namespace", "", ns_of(s), "", ""));
  }
  for (std::size_t s = 0; s < services_; ++s) {
    put("ServiceAccount", object("v1", "ServiceAccount", ns_of(s), name_of(s), "", ""));
    put("Service", service(s));
    put("EndpointSlice", slice(s, 0));
    put("TrafficTarget", target(s, 0));
    for (std::size_t p = 0; p < pods_; ++p) put("Pod", pod(s, p));
    if (s % 5 != 0) continue;
    put("HTTPRouteGroup", group(s / 5, 0));
    put("TrafficSplit", split(s / 5, 0));
  }
}

kube::Object LargeCluster::service(std::size_t number) const {
  return object("v1", "Service", ns_of(number), name_of(number), "",
                ",'spec':{'clusterIP':'10.96." + text(number / 250) + "." + text(number % 250) +
                    "','selector':{'app':'" + name_of(number) +
                    "'},'ports':[{'name':'http','port':80,'targetPort':8080}]}");
}

kube::Object LargeCluster::pod(std::size_t service, std::size_t number) const {
  const std::size_t at = service * pods_ + number;
  const std::string name = name_of(service) + "-7d9f8b6c5-" + text(number);
  return object("v1", "Pod", ns_of(service), name,
                ",'labels':{'app':'" + name_of(service) + "','pod-template-hash':'7d9f8b6c5'}",
                ",'spec':{'serviceAccountName':'" + name_of(service) + "','nodeName':'node-" +
                    text(at % nodes_) +
                    "','containers':[{'ports':[{'name':'http','containerPort':8080,'protocol':"
                    "'TCP'}]}]},'status':{'phase':'Running','podIP':'" +
                    address_of(at) + "','podIPs':[{'ip':'" + address_of(at) +
                    "'}],'conditions':[{'type':'Ready','status':'True'}]}");
}

kube::Object LargeCluster::slice(std::size_t service, std::size_t turn) const {
  std::string endpoints;
  for (std::size_t p = 0; p < pods_; ++p) {
    const bool ready = p != 0 || turn % 2 == 0;
    endpoints += std::string(p == 0 ? "" : ",") + "{'addresses':['" +
                 address_of(service * pods_ + p) +
                 "'],'conditions':{'ready':" + (ready ? "true" : "false") + "},'nodeName':'node-" +
                 text((service * pods_ + p) % nodes_) + "','targetRef':{'kind':'Pod','name':'" +
                 name_of(service) + "-7d9f8b6c5-" + text(p) + "'}}";
  }
  return object(
      "discovery.k8s.io/v1", "EndpointSlice", ns_of(service), name_of(service) + "-x7",
      ",'labels':{'kubernetes.io/service-name':'" + name_of(service) + "'}",
      ",'endpoints':[" + endpoints + "],'ports':[{'name':'http','port':8080,'protocol':'TCP'}]");
}

kube::Object LargeCluster::group(std::size_t root, std::size_t turn) const {
  const std::string path = "/api/v" + text(turn + 1) + "/items/" + text(root);
  return object("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", ns_of(root * 5),
                "group-" + text(root), "",
                ",'spec':{'matches':[{'name':'api','pathRegex':'" + path +
                    "(/.*)?$','methods':['GET','POST']},{'name':'canary','headers':{'x-canary':"
                    "'yes'}}]}");
}

kube::Object LargeCluster::split(std::size_t root, std::size_t turn) const {
  const std::size_t service = root * 5;
  return object("split.smi-spec.io/v1alpha4", "TrafficSplit", ns_of(service), "split-" + text(root),
                ",'creationTimestamp':'2026-01-01T00:00:00Z'",
                ",'spec':{'service':'" + name_of(service) + "','backends':[{'service':'" +
                    name_of(service + 1) + "','weight':" + text(1000 - turn) + "},{'service':'" +
                    name_of(service + 2) + "','weight':" + text(turn) +
                    "}],'matches':[{'kind':'HTTPRouteGroup','name':'group-" + text(root) + "'}]}");
}

kube::Object LargeCluster::target(std::size_t service, std::size_t turn) const {
  const std::size_t first = service / kServicesOfNamespace * kServicesOfNamespace;
  const auto caller = [&](std::size_t number) {
    return "{'kind':'ServiceAccount','name':'" +
           name_of(first + (service + 1 + number) % kServicesOfNamespace) + "','namespace':'" +
           ns_of(service) + "'}";
  };
  return object("access.smi-spec.io/v1alpha4", "TrafficTarget", ns_of(service),
                "to-" + name_of(service), "",
                ",'spec':{'destination':{'kind':'ServiceAccount','name':'" + name_of(service) +
                    "','namespace':'" + ns_of(service) + "'},'sources':[" + caller(turn % 98) +
                    "," + caller(turn / 98) + "],'rules':[{'kind':'HTTPRouteGroup','name':'group-" +
                    text(service / 5) + "'}]}");
}

}  // namespace smic::bench
