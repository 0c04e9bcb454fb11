// SPDX-License-Identifier: Apache-2.0
#include "compiler/model/access_stages.h"

namespace smic::model {

PodPorts::PodPorts(const std::vector<Service>& services, Diagnostics& diagnostics)
    : diagnostics_(diagnostics) {
  for (const Service& service : services) {
    for (const Endpoint& endpoint : service.endpoints) {
      if (endpoint.identity) add(service, endpoint);
    }
  }
}

void PodPorts::add(const Service& service, const Endpoint& endpoint) {
  auto& uses = uses_[account_of(*endpoint.identity)];
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    const Port pod_port = endpoint.ports[i];
    if (pod_port == 0) continue;
    Use& use = uses[service.ports[i].protocol == ir::Protocol::udp];
    use.of_pods.insert(pod_port);
    use.of_services.try_emplace(service.ports[i].port, &service, pod_port);
  }
}

void PodPorts::check(const Identity& destination, const Located<std::uint16_t>& port,
                     ir::Protocol protocol) {
  const auto uses = uses_.find(account_of(destination));
  if (uses == uses_.end()) return;
  const Use& use = uses->second[protocol == ir::Protocol::udp];
  const auto service = use.of_services.find(port.value);
  if (use.of_pods.contains(port.value) || service == use.of_services.end()) return;
  const auto& [who, pod_port] = service->second;
  diagnostics_.report("W14", port.span,
                      "port " + std::to_string(port.value) + " is a port of Service `" +
                          who->ref.name + "`, but its pods listen on " + std::to_string(pod_port) +
                          ", so nothing is allowed",
                      "rules speak of pod ports: write " + std::to_string(pod_port));
}

}  // namespace smic::model
