// SPDX-License-Identifier: Apache-2.0
// What stands behind each Service, from the best knowledge the input has:
//
//   EndpointSlices     of the Service, if there is any: their addresses, their ports (pod ports)
//   running Pods       whose labels the selector matches, where there is no slice
//   workload templates whose labels the selector matches, where no Pod matches either: identities
//                      without addresses, so that `smic explain` works on plain manifests
//
// Whose an address is decides what may be sent to it, and anybody who can write an EndpointSlice
// in some namespace can write any address into it, with any targetRef. So the address decides, not
// the reference: if a pod owns the address, it is that pod's, whatever the slice says. The
// reference only chooses between several pods with that one address (loopback), and names the pod
// where no pod is known to have the address. A hostNetwork pod's address is the node's: nobody's
// (D-31).
#include <algorithm>
#include <map>
#include <tuple>

#include "compiler/model/label_index.h"
#include "compiler/model/stages.h"

namespace smic::model {
namespace {

// ---- whose is an address ---------------------------------------------------------------------

class PodIndex {
 public:
  PodIndex(const resources::Set& set, const PodIdentities& identities) : identities_(identities) {
    for (const resources::Pod& pod : set.pods) {
      by_name_.emplace(name_of(pod.meta), &pod);
      if (!pod.running) continue;
      for (const std::string& address : pod.ips) by_address_[address].push_back(&pod);
    }
  }

  const resources::Pod* find(const Name& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  // The pod that an endpoint is, if that can be told.
  const resources::Pod* pod_at(std::string_view address, const Name& reference) const {
    const resources::Pod* referred = find(reference);
    const auto owners = by_address_.find(address);
    if (owners == by_address_.end()) return referred;
    if (std::ranges::find(owners->second, referred) != owners->second.end()) return referred;
    return another_identity(owners->second) ? nullptr : owners->second.front();
  }

  const auto& by_address() const { return by_address_; }

  std::optional<Identity> own_identity(const resources::Pod* pod) const {
    if (pod == nullptr || pod->shape.host_network) return std::nullopt;
    return identities_.of(*pod);
  }

  // The first pod that is somebody else than the first one; null if there is none.
  const resources::Pod* another_identity(const std::vector<const resources::Pod*>& pods) const {
    if (pods.size() == 1) return nullptr;
    const auto identity = own_identity(pods.front());
    const auto other = std::ranges::find_if(
        pods, [&](const resources::Pod* pod) { return own_identity(pod) != identity; });
    return other == pods.end() ? nullptr : *other;
  }

 private:
  const PodIdentities& identities_;
  ByName<const resources::Pod*> by_name_;
  std::unordered_map<std::string_view, std::vector<const resources::Pod*>> by_address_;
};

// ---- which pod port does a service port lead to -------------------------------------------------

// A name means the container port of that name and transport: a pod may have `dns` for both.
Port container_port(const resources::PodShape& shape, std::string_view name,
                    std::string_view protocol) {
  const auto named = std::ranges::find_if(shape.ports, [&](const resources::ContainerPort& port) {
    return port.name == name && port.protocol == protocol;
  });
  return named == shape.ports.end() ? Port{0} : named->port;
}

Port target_port(const resources::ServicePort& port, const resources::PodShape& shape) {
  if (const auto* number = std::get_if<std::uint16_t>(&port.target)) return *number;
  if (const auto* name = std::get_if<std::string>(&port.target)) {
    return container_port(shape, *name, port.protocol);
  }
  return port.port.value;
}

std::vector<Port> target_ports(const ServiceSource& source, const resources::PodShape& shape) {
  std::vector<Port> ports;
  for (const resources::ServicePort* port : source.ports) {
    ports.push_back(target_port(*port, shape));
  }
  return ports;
}

// A slice port belongs to the service port of the same name and transport. Slices written by hand
// for a Service with one port often leave the name out.
const resources::SlicePort* slice_port(const resources::EndpointSlice& slice,
                                       const ServiceSource& source,
                                       const resources::ServicePort& port) {
  for (const resources::SlicePort& candidate : slice.ports) {
    if (candidate.protocol == port.protocol && candidate.name == port.name) return &candidate;
  }
  const bool only_one = slice.ports.size() == 1 && source.ports.size() == 1;
  if (only_one && slice.ports[0].name.empty() && slice.ports[0].protocol == port.protocol) {
    return &slice.ports[0];
  }
  return nullptr;
}

std::vector<Port> slice_ports(const resources::EndpointSlice& slice, const ServiceSource& source) {
  std::vector<Port> ports;
  for (const resources::ServicePort* port : source.ports) {
    const resources::SlicePort* found = slice_port(slice, source, *port);
    if (found == nullptr) {
      ports.push_back(0);
    } else if (found->port) {
      ports.push_back(*found->port);
    } else {  // "not restricted": the pod takes whatever the Service sends
      const auto* number = std::get_if<std::uint16_t>(&port->target);
      ports.push_back(number ? *number : port->port.value);
    }
  }
  return ports;
}

// ---- endpoints ---------------------------------------------------------------------------------

using Slices = std::vector<const resources::EndpointSlice*>;

std::vector<Endpoint> from_slices(const Slices& slices, const ServiceSource& source,
                                  const PodIndex& pods) {
  std::vector<Endpoint> endpoints;
  for (const resources::EndpointSlice* slice : slices) {
    const std::vector<Port> ports = slice_ports(*slice, source);
    for (const resources::SliceEndpoint& written : slice->endpoints) {
      if (written.addresses.empty()) continue;
      // More addresses of one endpoint have no meaning of their own in Kubernetes.
      const std::string& address = written.addresses.front();
      const resources::Pod* pod = pods.pod_at(address, {slice->meta.ns.value, written.pod});
      endpoints.push_back({address, pods.own_identity(pod),
                           pod ? pod->meta.name.value : written.pod, written.ready, ports,
                           written.hostname});
    }
  }
  return endpoints;
}

// As Kubernetes writes it into slices (DNS for Services and Pods, "hostname and subdomain").
std::string hostname_below(const ServiceSource& source, const resources::Pod& pod) {
  return pod.subdomain == source.object->meta.name.value ? pod.hostname : std::string();
}

std::vector<Endpoint> from_pods(const std::vector<const resources::Pod*>& selected,
                                const ServiceSource& source, const PodIndex& pods) {
  std::vector<Endpoint> endpoints;
  for (const resources::Pod* pod : selected) {
    endpoints.push_back({pod->ips.empty() ? std::string() : pod->ips.front(),
                         pods.own_identity(pod), pod->meta.name.value,
                         (pod->ready || source.object->publish_not_ready) && !pod->meta.deleting,
                         target_ports(source, pod->shape), hostname_below(source, *pod)});
  }
  return endpoints;
}

std::vector<Endpoint> from_workloads(const std::vector<const resources::Workload*>& workloads,
                                     const ServiceSource& source, const PodIdentities& identities) {
  std::vector<Endpoint> endpoints;
  for (const resources::Workload* workload : workloads) {
    if (workload->shape.host_network) continue;
    endpoints.push_back(
        {{}, identities.of(*workload), {}, true, target_ports(source, workload->shape), {}});
  }
  return endpoints;
}

// An endpoint may stand in several slices: a port each, or twice while it moves between them.
bool absorb(Endpoint& into, const Endpoint& other) {
  if (std::tie(into.address, into.identity, into.workload) !=
      std::tie(other.address, other.identity, other.workload)) {
    return false;
  }
  for (std::size_t i = 0; i < into.ports.size(); ++i) {
    if (into.ports[i] != 0 && other.ports[i] != 0 && into.ports[i] != other.ports[i]) return false;
  }
  for (std::size_t i = 0; i < into.ports.size(); ++i) {
    into.ports[i] = std::max(into.ports[i], other.ports[i]);
  }
  into.ready = into.ready || other.ready;
  return true;
}

std::vector<Endpoint> sorted_and_merged(std::vector<Endpoint> endpoints) {
  std::ranges::sort(endpoints, {}, [](const Endpoint& e) {
    return std::tie(e.address, e.workload, e.identity, e.ports, e.ready);
  });
  std::vector<Endpoint> merged;
  for (Endpoint& endpoint : endpoints) {
    if (merged.empty() || !absorb(merged.back(), endpoint)) merged.push_back(std::move(endpoint));
  }
  return merged;
}

class Attacher {
 public:
  Attacher(const resources::Set& set, const PodIdentities& identities)
      : identities_(identities), pods_(set, identities) {
    for (const resources::EndpointSlice& slice : set.endpoint_slices) {
      slices_[{slice.meta.ns.value, slice.service}].push_back(&slice);
    }
    for (const resources::Pod& pod : set.pods) {
      if (pod.running) pods_by_label_.add(pod);
    }
    for (const resources::Workload& workload : set.workloads) workloads_by_label_.add(workload);
  }

  std::vector<Endpoint> endpoints_of(const ServiceSource& source) const {
    const resources::Service& service = *source.object;
    if (service.type == "ExternalName") return {};
    const auto slices = slices_.find(name_of(service.meta));
    if (slices != slices_.end()) return from_slices(slices->second, source, pods_);
    const auto pods = pods_by_label_.select(service.meta.ns.value, service.selector);
    if (!pods.empty()) return from_pods(pods, source, pods_);
    return from_workloads(workloads_by_label_.select(service.meta.ns.value, service.selector),
                          source, identities_);
  }

 private:
  const PodIdentities& identities_;
  PodIndex pods_;
  ByName<Slices> slices_;
  LabelIndex<resources::Pod> pods_by_label_;
  LabelIndex<resources::Workload> workloads_by_label_;
};

}  // namespace

void attach_endpoints(const resources::Set& set, const PodIdentities& identities,
                      const Limits& limits, Services& services, Diagnostics& diagnostics) {
  const Attacher attacher(set, identities);
  std::size_t total = 0;
  for (std::size_t i = 0; i < services.resolved.size(); ++i) {
    Service& service = services.resolved[i];
    service.endpoints = sorted_and_merged(attacher.endpoints_of(services.sources[i]));
    total += service.endpoints.size();
    if (total <= limits.endpoints) continue;
    service.endpoints.clear();
    diagnostics.report("W57", service.span,
                       "the Services up to `" + ir::to_string(service.ref) + "` have more than " +
                           std::to_string(limits.endpoints) +
                           " endpoints together, so it and those after it have none",
                       "select each pod by few Services");
    return;
  }
}

std::vector<PodAddress> pod_addresses(const resources::Set& set, const PodIdentities& identities,
                                      Diagnostics& diagnostics) {
  const PodIndex pods(set, identities);
  std::vector<PodAddress> addresses;
  for (const auto& [address, owners] : pods.by_address()) {
    const resources::Pod& first = *owners.front();
    if (const resources::Pod* other = pods.another_identity(owners)) {
      diagnostics.report("W54", other->meta.name.span,
                         "address " + std::string(address) + " belongs to Pod `" +
                             first.meta.name.value + "` and, with another service account, to `" +
                             other->meta.name.value + "`, so as a source it is neither");
    } else if (const auto identity = pods.own_identity(&first)) {
      addresses.push_back({std::string(address), *identity,
                           first.meta.ns.value + "/" + first.meta.name.value, first.node});
    }
  }
  std::ranges::sort(addresses, {}, &PodAddress::address);
  return addresses;
}

}  // namespace smic::model
