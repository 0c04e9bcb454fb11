// SPDX-License-Identifier: Apache-2.0
#include "tests/support/manifests.h"

namespace smic::test {
namespace {

std::string namespace_of(std::string_view name) {
  return std::string(name.substr(0, name.find('/')));
}
std::string name_in(std::string_view name) { return std::string(name.substr(name.find('/') + 1)); }

std::string after_comma(std::string_view more) {
  return more.empty() ? std::string() : ", " + std::string(more);
}

std::string l4_route(std::string_view kind, std::string_view name, std::string_view ports) {
  return object("specs.smi-spec.io/v1alpha4", kind, name,
                "spec: {matches: {ports: [" + std::string(ports) + "]}}");
}

// "web, admin" → "{kind: ServiceAccount, name: web, namespace: shop}, …"
std::string accounts(std::string_view names, const std::string& ns) {
  std::string list;
  while (!names.empty()) {
    const std::size_t comma = names.find(", ");
    list += (list.empty() ? "{kind: ServiceAccount, name: " : ", {kind: ServiceAccount, name: ") +
            std::string(names.substr(0, comma)) + ", namespace: " + ns + "}";
    names = comma == names.npos ? std::string_view() : names.substr(comma + 2);
  }
  return list;
}

}  // namespace

std::string object(std::string_view api_version, std::string_view kind, std::string_view name,
                   std::string_view rest, std::string_view metadata) {
  return "---\n{apiVersion: " + std::string(api_version) + ", kind: " + std::string(kind) +
         ", metadata: {name: " + name_in(name) + ", namespace: " + namespace_of(name) +
         after_comma(metadata) + "}" + after_comma(rest) + "}\n";
}

std::string service(std::string_view name, std::string_view ports, std::string_view metadata) {
  return object(
      "v1", "Service", name,
      "spec: {selector: {app: " + name_in(name) + "}, ports: [" + std::string(ports) + "]}",
      metadata);
}

std::string pod(std::string_view name, std::string_view account, std::string_view address,
                std::string_view app, std::string_view spec) {
  return object("v1", "Pod", name,
                "spec: {serviceAccountName: " + std::string(account) + after_comma(spec) +
                    "}, status: {phase: Running, podIP: '" + std::string(address) + "'}",
                "labels: {app: " + std::string(app) + "}");
}

std::string slice(std::string_view service, std::string_view endpoints, std::string_view ports) {
  static int count = 0;
  const std::string name = std::string(service) + "-" + std::to_string(++count);
  return object("discovery.k8s.io/v1", "EndpointSlice", name,
                "addressType: IPv4, endpoints: [" + std::string(endpoints) + "], ports: [" +
                    std::string(ports) + "]",
                "labels: {kubernetes.io/service-name: " + name_in(service) + "}");
}

std::string group(std::string_view name, std::string_view matches) {
  return object("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", name,
                "spec: {matches: [" + std::string(matches) + "]}");
}

std::string tcp_route(std::string_view name, std::string_view ports) {
  return l4_route("TCPRoute", name, ports);
}

std::string udp_route(std::string_view name, std::string_view ports) {
  return l4_route("UDPRoute", name, ports);
}

std::string target(std::string_view name, std::string_view destination, std::string_view sources,
                   std::string_view rules) {
  const std::string ns = namespace_of(name);
  return object("access.smi-spec.io/v1alpha3", "TrafficTarget", name,
                "spec: {destination: " + accounts(destination, ns) + ", sources: [" +
                    accounts(sources, ns) + "], rules: [" + std::string(rules) + "]}");
}

std::string split(std::string_view name, std::string_view root, std::string_view backends,
                  std::string_view more, std::string_view metadata) {
  return object("split.smi-spec.io/v1alpha4", "TrafficSplit", name,
                "spec: {service: " + std::string(root) + ", backends: [" + std::string(backends) +
                    "]" + after_comma(more) + "}",
                metadata);
}

}  // namespace smic::test
