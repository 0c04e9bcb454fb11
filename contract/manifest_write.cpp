// SPDX-License-Identifier: Apache-2.0
// The canonical JSON of a manifest: fields in the order of manifest.h, numbers as numbers, one line
// per unit, pod and named service, so that it reads well in a terminal and two versions diff line
// by line. Written by hand because the order and the line ends are the format, and a document tree
// of 100,000 endpoints would cost more than the text.
//
// Tested by tests/unit/contract/manifest_test.cpp.
#include <concepts>

#include "base/log.h"
#include "contract/manifest.h"

namespace smic::contract {
namespace {

class Writer {
 public:
  void value(std::string_view text) {
    out_ += '"';
    out_ += json_escape(text);
    out_ += '"';
  }
  template <class T>
  void value(const Shared<T>& shared) {
    value(*shared);
  }
  void value(const std::string& text) { value(std::string_view(text)); }
  void value(std::unsigned_integral auto number) { out_ += std::to_string(number); }

  void value(Protocol protocol) {
    switch (protocol) {
      case Protocol::http:
        return value(std::string_view("http"));
      case Protocol::tcp:
        return value(std::string_view("tcp"));
      case Protocol::udp:
        return value(std::string_view("udp"));
    }
  }
  void value(AccessMode mode) {
    value(std::string_view(mode == AccessMode::enforce ? "enforce" : "permissive"));
  }
  void value(const Origin& origin) {
    object("resource", origin.resource, "file", origin.file, "line", origin.line);
  }
  void value(const Endpoint& endpoint) {
    object("address", endpoint.address, "port", endpoint.port, "identity", endpoint.identity,
           "workload", endpoint.workload);
  }
  void value(const Backend& backend) {
    object("service", backend.service, "port", backend.port, "endpoints", backend.endpoints);
  }
  void value(const WeightedBackend& weighted) {
    object("backend", weighted.backend, "weight", weighted.weight);
  }
  void value(const Route& route) { object("origin", route.origin, "split", route.split); }
  void value(const Destination& destination) {
    object("identity", destination.identity, "port", destination.port);
  }
  void value(const SourceClass& source) {
    object("identity", source.identity, "value", source.value);
  }
  void value(const Unit& unit) {
    out_ += '{';
    fields("service", unit.service, "port", unit.port, "protocol", unit.protocol, "access",
           unit.access, "image", unit.image);
    if (!unit.native.empty()) {
      out_ += ',';
      fields("native", unit.native);
    }
    out_ += ',';
    fields("listen_addresses", unit.listen_addresses, "listen_port", unit.listen_port, "sources",
           unit.sources, "destinations", unit.destinations, "backends", unit.backends, "routes",
           unit.routes, "policy", unit.policy);
    out_ += '}';
  }
  // An object: `{"aarch64":"sha256:…","x86_64-v2":"sha256:…"}`.
  void value(const std::vector<NativeImage>& images) {
    out_ += '{';
    for (const NativeImage& image : images) {
      if (&image != images.data()) out_ += ',';
      fields(image.target, image.digest);
    }
    out_ += '}';
  }
  void value(const RoutePolicy& policy) {
    if (policy.empty()) return null();
    const auto write = [&](const auto&... later) {
      object("scheme", policy.scheme, "request_timeout", policy.request_timeout, "idle_timeout",
             policy.idle_timeout, "retry_attempts", policy.retry_attempts, "rate_limit",
             policy.rate_limit, "circuit_breaker", policy.circuit_breaker, later...);
    };
    // It came later: where it is not set, the line is what it was before.
    if (policy.split_shares) return write("split_shares", policy.split_shares);
    write();
  }
  void value(Scheme scheme) { value(word_of(scheme)); }
  void value(RateScope scope) { value(word_of(scope)); }
  void value(SplitShares shares) { value(word_of(shares)); }
  void value(std::chrono::milliseconds duration) { value(duration_text(duration)); }
  void value(const BreakerExpression& expression) { value(to_string(expression)); }
  void value(const RateLimit& limit) {
    object("average", limit.average, "burst", limit.burst, "scope", limit.scope);
  }
  template <class T>
  void value(const Optional<T>& setting) {
    if (!setting) return null();
    object("value", setting->value, "origin", setting->origin);
  }
  void value(const PodIdentity& pod) {
    object("address", pod.address, "identity", pod.identity, "pod", pod.pod);
  }
  void value(const MeshSettings& settings) {
    object("mesh_ranges", settings.mesh_ranges, "names", settings.names);
  }
  void value(const Manifest& manifest) {
    object("version", manifest.version, "node", manifest.node, "mesh_ranges", manifest.mesh_ranges,
           "units", Lines{manifest.units}, "identities", Lines{manifest.identities}, "names",
           manifest.names);
  }

  void value(Transport transport) {
    switch (transport) {
      case Transport::tcp:
        return value(std::string_view("tcp"));
      case Transport::udp:
        return value(std::string_view("udp"));
      case Transport::sctp:
        return value(std::string_view("sctp"));
    }
  }
  void value(NameKind kind) {
    switch (kind) {
      case NameKind::addresses:
        return value(std::string_view("addresses"));
      case NameKind::pods:
        return value(std::string_view("pods"));
      case NameKind::alias:
        return value(std::string_view("alias"));
    }
  }
  void value(const NamedPort& port) {
    object("name", port.name, "transport", port.transport, "port", port.port);
  }
  void value(const NamedPod& pod) {
    object("host", pod.host, "address", pod.address, "ports", pod.ports);
  }
  void value(const ServiceNames& names) {
    object("service", names.service, "kind", names.kind, "mesh_addresses", names.mesh_addresses,
           "cluster_ips", names.cluster_ips, "alias", names.alias, "ports", names.ports, "pods",
           names.pods);
  }
  void value(const Names& names) {
    object("mesh_zones", names.mesh_zones, "cluster_domain", names.cluster_domain,
           "plain_namespaces", names.plain_namespaces, "reverse_zones", names.reverse_zones,
           "services", Lines{names.services});
  }

  std::string take() { return std::move(out_); }

 private:
  void null() { out_ += "null"; }

  template <class T>
  struct Lines {
    const std::vector<T>& list;
  };
  template <class T>
  void value(const std::vector<T>& list) {
    array(list, "");
  }
  template <class T>
  void value(const Lines<T>& lines) {
    array(lines.list, "\n");
  }

  template <class T>
  void array(const std::vector<T>& list, std::string_view before_each) {
    std::string_view separator;
    out_ += '[';
    for (const T& element : list) {
      out_ += separator;
      out_ += before_each;
      value(element);
      separator = ",";
    }
    if (!list.empty()) out_ += before_each;
    out_ += ']';
  }

  template <class... Rest>
  void object(std::string_view name, const Rest&... rest) {
    out_ += '{';
    fields(name, rest...);
    out_ += '}';
  }
  template <class T, class... Rest>
  void fields(std::string_view name, const T& field, const Rest&... rest) {
    value(name);
    out_ += ':';
    value(field);
    if constexpr (sizeof...(rest) > 0) {
      out_ += ',';
      fields(rest...);
    }
  }

  std::string out_;
};

template <class T>
std::string json_of(const T& value) {
  Writer out;
  out.value(value);
  return out.take();
}

}  // namespace

std::string to_json(const Manifest& manifest) { return json_of(manifest) + "\n"; }

MeshSettings settings_of(const Manifest& manifest) {
  const Names& names = manifest.names;
  return {.mesh_ranges = manifest.mesh_ranges,
          .names = {.mesh_zones = names.mesh_zones,
                    .cluster_domain = names.cluster_domain,
                    .plain_namespaces = names.plain_namespaces,
                    .reverse_zones = names.reverse_zones,
                    .services = {}}};
}

void use(MeshSettings settings, Manifest& manifest) {
  settings.names.services = std::move(manifest.names.services);
  manifest.names = std::move(settings.names);
  manifest.mesh_ranges = std::move(settings.mesh_ranges);
}

std::string to_json(const MeshSettings& settings) { return json_of(settings); }
std::string to_json(const Unit& unit) { return json_of(unit); }
std::string to_json(const ServiceNames& names) { return json_of(names); }
std::string to_json(const PodIdentity& pod) { return json_of(pod); }

}  // namespace smic::contract
