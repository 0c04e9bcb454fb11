// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/cluster_dns_test.py.
#include <algorithm>

#include "controller/cluster_dns/access.h"
#include "controller/cluster_dns/running.h"

namespace smic::cluster_dns {
namespace {

constexpr std::string_view kService = "kube-dns";
constexpr std::string_view kSelector = "k8s-app=kube-dns";

Outcome<Service> find_service(kube::Client& client) {
  const std::string ns(kDnsNamespace);
  auto named = read_service(client, ns, std::string(kService));
  if (!named) return std::unexpected(named.error());
  if (*named) return std::move(**named);
  auto labelled = list_services(client, ns, std::string(kSelector));
  if (!labelled) return std::unexpected(labelled.error());
  std::erase_if(*labelled, [](const Service& service) { return service.dns_port == 0; });
  if (labelled->size() == 1) return std::move(labelled->front());
  return refuse(labelled->empty()
                    ? "there is no Service kube-dns in kube-system, nor one labelled "
                      "k8s-app=kube-dns: this cluster's DNS is not known"
                    : "several Services in kube-system are labelled k8s-app=kube-dns: which one is "
                      "this cluster's DNS is not clear");
}

// All pods must run by one configuration: in the midst of a rollout it is not clear which.
Outcome<PodConfiguration> read_pods(kube::Client& client, const Running& running) {
  std::optional<PodConfiguration> found;
  for (const Server& server : running.servers) {
    if (server.pod.empty()) {
      return refuse("the endpoint " + server.address + " of Service " + running.service +
                    " is no pod: what it runs by cannot be seen");
    }
    const auto text = read_pod_text(client, running.ns, server.pod);
    if (!text) return std::unexpected(text.error());
    auto one = read_pod(*text);
    if (!one) return std::unexpected(one.error());
    if (found && *found != *one) {
      return wait_for("the pods of Service " + running.service +
                      " run by different configurations: is a rollout under way?");
    }
    found = std::move(*one);
  }
  return std::move(*found);
}

}  // namespace

Outcome<Running> find_dns(kube::Client& client) {
  const auto service = find_service(client);
  if (!service) return std::unexpected(service.error());
  Running running{.ns = std::string(kDnsNamespace), .service = service->name};
  auto servers = read_endpoints(client, running.ns, running.service);
  if (!servers) return std::unexpected(servers.error());
  if (servers->empty()) {
    return wait_for("the Service " + running.service + " has no ready endpoint");
  }
  running.servers = std::move(*servers);
  auto configuration = read_pods(client, running);
  if (!configuration) return std::unexpected(configuration.error());
  running.configuration = std::move(*configuration);
  return running;
}

Outcome<Responders> find_responders(kube::Client& client, const std::string& ns,
                                    const std::string& name) {
  const auto service = read_service(client, ns, name);
  if (!service) return std::unexpected(service.error());
  if (!*service || (*service)->cluster_ips.empty() || (*service)->dns_port == 0) {
    return wait_for("there is no Service " + ns + '/' + name + " with a cluster IP and a UDP port");
  }
  Responders responders;
  for (const std::string& ip : (*service)->cluster_ips) {
    const std::uint16_t port = (*service)->dns_port;
    const bool v6 = ip.find(':') != std::string::npos;
    responders.addresses.push_back(
        port == 53 ? ip : (v6 ? '[' + ip + ']' : ip) + ':' + std::to_string(port));
  }
  auto servers = read_endpoints(client, ns, name);
  if (!servers) return std::unexpected(servers.error());
  responders.servers = std::move(*servers);
  return responders;
}

}  // namespace smic::cluster_dns
