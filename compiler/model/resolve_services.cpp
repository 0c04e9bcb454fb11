// SPDX-License-Identifier: Apache-2.0
// Services in name order, with their ports in number order: the order of everything downstream, so
// that it does not matter in which file a Service stands.
#include <algorithm>
#include <tuple>

#include "compiler/model/annotations.h"
#include "compiler/model/stages.h"

namespace smic::model {
namespace {

// Ports that the mesh carries. Kubernetes allows a number once per transport; of more, the first.
void resolve_ports(const resources::Service& object, Service& service, ServiceSource& source,
                   Diagnostics& diagnostics) {
  const auto annotated = annotated_protocol(object, diagnostics);
  std::vector<std::pair<ServicePort, const resources::ServicePort*>> ports;
  for (const resources::ServicePort& port : object.ports) {
    const auto protocol = protocol_of(port, annotated);
    if (protocol) ports.push_back({{port.port.value, port.name, *protocol}, &port});
  }
  const auto key = [](const auto& port) {
    return std::tuple(port.first.port, port.first.protocol == ir::Protocol::udp);
  };
  std::ranges::sort(ports, {}, [&](const auto& port) { return std::pair(key(port), port.second); });
  const auto repeated = std::ranges::unique(ports, {}, key);
  ports.erase(repeated.begin(), repeated.end());
  for (auto& [port, written] : ports) {
    service.ports.push_back(std::move(port));
    source.ports.push_back(written);
  }
}

Service resolve_service(const resources::Service& object, const Namespaces& namespaces,
                        Diagnostics& diagnostics) {
  const NamespaceSettings& settings = namespaces.of(object.meta.ns.value);
  Service service;
  service.ref = {object.meta.ns.value, object.meta.name.value};
  service.origin = origin_of("Service", object.meta, object.meta.span, diagnostics.sources());
  service.span = object.meta.name.span;
  const std::optional<bool> said = mesh_setting(object.meta, diagnostics);
  service.meshed = said.value_or(namespaces.meshes(service.ref));
  service.access = settings.access;
  service.access_origin = settings.access_origin;
  return service;
}

}  // namespace

Services resolve_services(const resources::Set& set, const Namespaces& namespaces,
                          const Options& options, Diagnostics& diagnostics) {
  std::vector<const resources::Service*> objects;
  for (const resources::Service& object : set.services) objects.push_back(&object);
  std::ranges::sort(objects, {}, [](const auto* object) { return name_of(object->meta); });

  Services services;
  for (const resources::Service* object : objects) {
    Service service = resolve_service(*object, namespaces, diagnostics);
    ServiceSource source{object, {}};
    check_annotations("Service", object->meta, diagnostics);
    resolve_ports(*object, service, source, diagnostics);
    service.policy = route_policy(*object, service.ports, options, diagnostics);
    services.resolved.push_back(std::move(service));
    services.sources.push_back(std::move(source));
  }
  return services;
}

std::optional<ServiceId> find_service(const std::vector<Service>& services, const Name& name) {
  const auto key = [](const Service& service) { return Name(service.ref.ns, service.ref.name); };
  const auto found = std::ranges::lower_bound(services, name, {}, key);
  if (found == services.end() || key(*found) != name) return std::nullopt;
  return ServiceId(static_cast<std::size_t>(found - services.begin()));
}

}  // namespace smic::model
