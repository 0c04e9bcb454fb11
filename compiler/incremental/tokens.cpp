// SPDX-License-Identifier: Apache-2.0
#include "compiler/incremental/tokens.h"

#include <algorithm>

namespace smic::incremental {
namespace {

class Tokens {
 public:
  void add(const resources::Namespace& object) { add(Role::ns, object.meta.name.value); }

  void add(const resources::ServiceAccount& object) {
    add(Role::account, object.meta.ns.value, object.meta.name.value);
  }

  void add(const resources::Service& object) {
    const std::string& ns = object.meta.ns.value;
    add(Role::service, ns, object.meta.name.value);
    add(Role::service_in, ns);
    add_name("Service", object.meta);
    if (object.selector.empty()) return;
    const auto& [key, value] = *object.selector.begin();  // a pod that is selected has them all
    add(Role::service_selecting, ns, key, value);
  }

  void add(const resources::EndpointSlice& object) {
    const std::string& ns = object.meta.ns.value;
    add(Role::slice);
    add(Role::slice_of, ns, object.service);
    for (const resources::SliceEndpoint& endpoint : object.endpoints) {
      if (!endpoint.addresses.empty()) add(Role::slice_with, endpoint.addresses.front());
      if (!endpoint.pod.empty()) add(Role::slice_naming, ns, endpoint.pod);
    }
  }

  void add(const resources::Pod& object) {
    const std::string& ns = object.meta.ns.value;
    add(Role::any_pod);
    add(Role::pod, ns, object.meta.name.value);
    add(Role::pod_running_as, ns, object.shape.service_account);
    for (const std::string& address : object.ips) add(Role::pod_at, address);
    for (const auto& [key, value] : object.shape.labels) add(Role::pod_labelled, ns, key, value);
  }

  void add(const resources::HttpRouteGroup& object) { add_route("HTTPRouteGroup", object.meta); }
  void add_tcp(const resources::L4Route& object) { add_route("TCPRoute", object.meta); }
  void add_udp(const resources::L4Route& object) { add_route("UDPRoute", object.meta); }

  void add(const resources::TrafficTarget& object) {
    const bool names_ports =
        object.destination.port.has_value() ||
        std::ranges::any_of(object.rules, [](const resources::Rule& rule) {
          return rule.kind.value == "TCPRoute" || rule.kind.value == "UDPRoute";
        });
    const std::string_view ns = namespace_of(object.destination, object);
    if (object.destination.kind.value == "IdentityBinding") {
      add(Role::target_to_binding_in, ns);
      if (names_ports) tokens_.push_back(on_ports(token(Role::identity_in, ns)));
    } else {
      add(Role::target_to, ns, object.destination.name.value);
      if (names_ports) {
        tokens_.push_back(on_ports(token(Role::identity, ns, object.destination.name.value)));
      }
    }
    add_subject(object.destination, object);
    for (const resources::Subject& source : object.sources) add_subject(source, object);
    for (const resources::Rule& rule : object.rules) {
      add(Role::target_with_rule, rule.kind.value, object.meta.ns.value, rule.name.value);
    }
  }

  void add(const resources::TrafficSplit& object) {
    const std::string& ns = object.meta.ns.value;
    add(Role::split_of, ns, bare_name(object.service.value));
    for (const resources::SplitBackend& backend : object.backends) {
      add(Role::split_to, ns, bare_name(backend.service.value));
    }
    for (const resources::SplitMatch& match : object.matches) {
      add(Role::split_when, ns, match.name.value);
    }
  }

  void add(const resources::IdentityBinding& object) {
    add(Role::binding, object.meta.ns.value, object.meta.name.value);
    add(Role::binding_in, object.meta.ns.value);
    if (!object.pod_labels.empty()) add(Role::binding_by_labels);
    add_name("IdentityBinding", object.meta);
  }

  // Who refers to it must find that it is there and has errors.
  void add(const resources::LeftOut& object) {
    if (object.kind == "Service") add(Role::service, object.ns, object.name);
    if (object.kind == "ServiceAccount") add(Role::account, object.ns, object.name);
    if (object.kind == "IdentityBinding") add(Role::binding, object.ns, object.name);
    add(Role::route, object.kind, object.ns, object.name);
  }

  std::vector<Token> take() {
    std::ranges::sort(tokens_);
    const auto repeated = std::ranges::unique(tokens_);
    tokens_.erase(repeated.begin(), repeated.end());
    return std::move(tokens_);
  }

 private:
  void add(Role role, std::string_view a = {}, std::string_view b = {}, std::string_view c = {}) {
    tokens_.push_back(token(role, a, b, c));
  }

  void add_name(std::string_view kind, const resources::Metadata& meta) {
    add(Role::named, kind, meta.name.value);
    add(Role::named_in, kind, meta.ns.value);
  }

  void add_route(std::string_view kind, const resources::Metadata& meta) {
    add(Role::route, kind, meta.ns.value, meta.name.value);
    add_name(kind, meta);
  }

  void add_subject(const resources::Subject& subject, const resources::TrafficTarget& target) {
    const bool binding = subject.kind.value == "IdentityBinding";
    add(binding ? Role::target_naming_binding : Role::target_naming, namespace_of(subject, target),
        subject.name.value);
  }

  std::vector<Token> tokens_;
};

}  // namespace

// FNV-1a; a zero byte between the parts, which no name has.
Token token(Role role, std::string_view a, std::string_view b, std::string_view c) {
  Token hash = 0xcbf29ce484222325u ^ static_cast<Token>(role);
  for (const std::string_view part : {a, b, c}) {
    for (const unsigned char byte : part) hash = (hash ^ byte) * 0x100000001b3u;
    hash *= 0x100000001b3u;
  }
  return hash;
}

std::vector<Token> tokens_of(const resources::Set& object) {
  Tokens tokens;
  const auto each = [&](const auto& list) {
    for (const auto& one : list) tokens.add(one);
  };
  each(object.namespaces);
  each(object.service_accounts);
  each(object.services);
  each(object.endpoint_slices);
  each(object.pods);
  each(object.http_route_groups);
  for (const auto& one : object.tcp_routes) tokens.add_tcp(one);
  for (const auto& one : object.udp_routes) tokens.add_udp(one);
  each(object.traffic_targets);
  each(object.traffic_splits);
  each(object.identity_bindings);
  each(object.left_out);
  return tokens.take();
}

std::string_view bare_name(std::string_view written) {
  return written.substr(0, written.find('.'));
}

std::string_view namespace_of(const resources::Subject& subject,
                              const resources::TrafficTarget& target) {
  return subject.ns.value.empty() ? target.meta.ns.value : subject.ns.value;
}

}  // namespace smic::incremental
