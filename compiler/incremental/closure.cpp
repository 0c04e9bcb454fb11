// SPDX-License-Identifier: Apache-2.0
#include "compiler/incremental/closure.h"

#include <algorithm>
#include <tuple>

namespace smic::incremental {
namespace {

template <class T>
void append(std::vector<T>& into, const std::vector<T>& from) {
  into.insert(into.end(), from.begin(), from.end());
}
template <class T>
void append(std::vector<T>& into, std::vector<T>&& from) {
  std::ranges::move(from, std::back_inserter(into));
}

template <class From>  // a Set, copied or moved from
void append(resources::Set& into, From&& from) {
  append(into.namespaces, std::forward<From>(from).namespaces);
  append(into.service_accounts, std::forward<From>(from).service_accounts);
  append(into.services, std::forward<From>(from).services);
  append(into.endpoint_slices, std::forward<From>(from).endpoint_slices);
  append(into.pods, std::forward<From>(from).pods);
  append(into.http_route_groups, std::forward<From>(from).http_route_groups);
  append(into.tcp_routes, std::forward<From>(from).tcp_routes);
  append(into.udp_routes, std::forward<From>(from).udp_routes);
  append(into.traffic_targets, std::forward<From>(from).traffic_targets);
  append(into.traffic_splits, std::forward<From>(from).traffic_splits);
  append(into.identity_bindings, std::forward<From>(from).identity_bindings);
  append(into.left_out, std::forward<From>(from).left_out);
}

}  // namespace

resources::Set Closure::take() {
  std::vector<ObjectId> ids(chosen_.begin(), chosen_.end());
  std::ranges::sort(ids,
                    [this](ObjectId a, ObjectId b) { return objects_.key(a) < objects_.key(b); });
  resources::Set set;
  for (const ObjectId id : ids) {
    if (everything_) {
      append(set, objects_.take_decoded(id));  // a hundred thousand objects are there once
    } else {
      append(set, objects_.decoded(id));
    }
  }
  return set;
}

void Closure::add_all() {
  everything_ = true;
  for (const ObjectId id : objects_.all()) add(id);
}

void Closure::add_all_with(Token token) {
  for (const ObjectId id : objects_.with(token)) add(id);
}

const resources::Set& Closure::add_and_decode(ObjectId id) {
  add(id);
  return objects_.decoded(id);
}

// ---- what is asked for -------------------------------------------------------------------------

void Closure::add_units_of(const ir::ServiceRef& service) {
  add_service(service);
  for (const ObjectId id : objects_.with(token(Role::split_of, service.ns, service.name))) {
    add_split(id);
  }
}

void Closure::add_said_of(ObjectId id) {
  const resources::Set& object = add_and_decode(id);
  for (const auto& service : object.services) {
    add_units_of({service.meta.ns.value, service.meta.name.value});
  }
  for (const auto& pod : object.pods) {
    for (const std::string& address : pod.ips) add_pods_at(address);
  }
  for (const auto& group : object.http_route_groups) add_users_of("HTTPRouteGroup", group.meta);
  for (const auto& route : object.tcp_routes) add_users_of("TCPRoute", route.meta);
  for (const auto& route : object.udp_routes) add_users_of("UDPRoute", route.meta);
  for (const auto& binding : object.identity_bindings) {  // it is looked at if somebody names it
    for (const ObjectId target : objects_.with(
             token(Role::target_naming_binding, binding.meta.ns.value, binding.meta.name.value))) {
      add_target(target);
    }
  }
  if (!object.traffic_splits.empty()) add_what_is_said_of_split(id);
  if (!object.traffic_targets.empty()) add_target_with_ports(id);
}

// What is said of a route is said because of the targets that name it: its patterns are used (W17),
// its ports are none of their pods' (W14).
void Closure::add_users_of(std::string_view kind, const resources::Metadata& route) {
  const Token token_of_rule = token(Role::target_with_rule, kind, route.ns.value, route.name.value);
  for (const ObjectId target : objects_.with(token_of_rule)) add_target_with_ports(target);
}

void Closure::add_target_with_ports(ObjectId id) {
  add_target(id);
  for (const resources::TrafficTarget& target : objects_.decoded(id).traffic_targets) {
    const std::string_view ns = namespace_of(target.destination, target);
    const bool binding = target.destination.kind.value == "IdentityBinding";
    const Token who = binding ? token(Role::identity_in, ns)
                              : token(Role::identity, ns, target.destination.name.value);
    const auto& on_these_ports = objects_.with(on_ports(who));
    if (std::ranges::find(on_these_ports, id) != on_these_ports.end()) add_behind(who);
  }
}

void Closure::add_pods_at(const std::string& address) {
  add_all_with(token(Role::pod_at, address));
}

// Its rank among the splits of its root (W10), callers of its backends (W13), backends that are
// roots (W11).
void Closure::add_what_is_said_of_split(ObjectId id) {
  for (const resources::TrafficSplit& split : objects_.decoded(id).traffic_splits) {
    const std::string& ns = split.meta.ns.value;
    add_units_of({ns, std::string(bare_name(split.service.value))});
    add_split(id);
    for (const resources::SplitBackend& backend : split.backends) {
      for (const ObjectId other :
           objects_.with(token(Role::split_of, ns, bare_name(backend.service.value)))) {
        add_split(other);
      }
    }
  }
}

// ---- services and what is behind them ----------------------------------------------------------

void Closure::add_service(const ir::ServiceRef& service) {
  if (!services_.insert(service).second) return;
  add_all_with(token(Role::ns, service.ns));
  add_all_with(token(Role::service, service.ns, service.name));
  add_endpoints_of(service);
}

void Closure::add_endpoints_of(const ir::ServiceRef& service) {
  const auto& slices = objects_.with(token(Role::slice_of, service.ns, service.name));
  for (const ObjectId id : slices) {
    for (const resources::EndpointSlice& slice : add_and_decode(id).endpoint_slices) {
      for (const resources::SliceEndpoint& endpoint : slice.endpoints) {
        if (endpoint.addresses.empty()) continue;
        for (const ObjectId pod : objects_.with(token(Role::pod_at, endpoint.addresses.front()))) {
          add_pod(pod);
        }
        for (const ObjectId pod :
             objects_.with(token(Role::pod, slice.meta.ns.value, endpoint.pod))) {
          add_pod(pod);
        }
      }
    }
  }
  if (!slices.empty()) return;
  for (const ObjectId id : objects_.with(token(Role::service, service.ns, service.name))) {
    for (const resources::Service& object : objects_.decoded(id).services) {
      add_selected_pods(service.ns, object.selector);
    }
  }
}

void Closure::add_pod(ObjectId id) {
  if (!pods_.insert(id).second) return;
  for (const resources::Pod& pod : add_and_decode(id).pods) {
    add_access_to(pod.meta.ns.value, pod.shape.service_account);
  }
}

// All that carry the rarest label; which of them are selected is not for us to say.
void Closure::add_selected_pods(std::string_view ns, const resources::Labels& selector) {
  const std::vector<ObjectId>* rarest = nullptr;
  for (const auto& [key, value] : selector) {
    const auto& list = objects_.with(token(Role::pod_labelled, ns, key, value));
    if (rarest == nullptr || list.size() < rarest->size()) rarest = &list;
  }
  if (rarest == nullptr) return;
  for (const ObjectId id : *rarest) add_pod(id);
}

void Closure::add_behind(Token identity) {
  const auto found = behind_.find(identity);
  if (found == behind_.end()) return;
  for (const ir::ServiceRef& service : found->second) add_service(service);
}

// ---- access ------------------------------------------------------------------------------------

void Closure::add_access_to(std::string_view ns, std::string_view account) {
  if (!identities_.insert(token(Role::identity, ns, account)).second) return;
  for (const ObjectId id : objects_.with(token(Role::target_to, ns, account))) add_target(id);
  for (const ObjectId id : objects_.with(token(Role::target_to_binding_in, ns))) add_target(id);
}

void Closure::add_target(ObjectId id) {
  if (!targets_.insert(id).second) return;
  for (const resources::TrafficTarget& target : add_and_decode(id).traffic_targets) {
    add_subject(target.destination, target);
    for (const resources::Subject& source : target.sources) add_subject(source, target);
    for (const resources::Rule& rule : target.rules) {
      add_all_with(token(Role::route, rule.kind.value, target.meta.ns.value, rule.name.value));
    }
  }
}

// Of an account, that it exists and that some pod has it.
void Closure::add_subject(const resources::Subject& subject,
                          const resources::TrafficTarget& target) {
  const std::string_view ns = namespace_of(subject, target);
  const std::string& name = subject.name.value;
  if (subject.kind.value == "IdentityBinding") {
    add_all_with(token(Role::binding, ns, name));
    return;
  }
  add_all_with(token(Role::account, ns, name));
  const auto& users = objects_.with(token(Role::pod_running_as, ns, name));
  if (!users.empty()) add(users.front());
}

// ---- splits ------------------------------------------------------------------------------------

void Closure::add_split(ObjectId id) {
  if (!splits_.insert(id).second) return;
  for (const resources::TrafficSplit& split : add_and_decode(id).traffic_splits) {
    const std::string& ns = split.meta.ns.value;
    add_service({ns, std::string(bare_name(split.service.value))});
    for (const resources::SplitBackend& backend : split.backends) {
      add_service({ns, std::string(bare_name(backend.service.value))});
    }
    for (const resources::SplitMatch& match : split.matches) {
      add_all_with(token(Role::route, "HTTPRouteGroup", ns, match.name.value));
    }
  }
}

}  // namespace smic::incremental
