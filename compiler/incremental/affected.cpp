// SPDX-License-Identifier: Apache-2.0
#include "compiler/incremental/affected.h"

namespace smic::incremental {
namespace {

ir::ServiceRef ref_of(const ObjectKey& key) { return {key.ns, key.name}; }

}  // namespace

void Affected::touch(ObjectId id) {
  self_ = id;
  said.insert(id);
  const resources::Set& object = objects_.decoded(id);
  const auto each = [this](const auto& list) {
    for (const auto& one : list) touch(one);
  };
  each(object.namespaces);
  each(object.service_accounts);
  each(object.services);
  each(object.endpoint_slices);
  each(object.pods);
  each(object.http_route_groups);
  for (const auto& route : object.tcp_routes) {
    touch_route("TCPRoute", route.meta.ns.value, route.meta.name.value);
  }
  for (const auto& route : object.udp_routes) {
    touch_route("UDPRoute", route.meta.ns.value, route.meta.name.value);
  }
  each(object.traffic_targets);
  each(object.traffic_splits);
  each(object.identity_bindings);
  each(object.left_out);
}

// ---- by kind -----------------------------------------------------------------------------------

void Affected::touch(const resources::Namespace& object) {
  namespaces.insert(object.meta.name.value);
  reach_all_with(token(Role::service_in, object.meta.name.value));
}

void Affected::touch(const resources::ServiceAccount& object) {
  touch_account(object.meta.ns.value, object.meta.name.value);
}

void Affected::touch(const resources::Service& object) {
  reach_endpoints({object.meta.ns.value, object.meta.name.value});
}

void Affected::touch(const resources::EndpointSlice& object) {
  reach_endpoints({object.meta.ns.value, object.service});
}

void Affected::touch(const resources::Pod& object) {
  const std::string& ns = object.meta.ns.value;
  for (const std::string& address : object.ips) {
    addresses.insert(address);
    for (const ObjectId slice : objects_.with(token(Role::slice_with, address))) {
      touch_services_of(slice);
    }
    for (const ObjectId other : objects_.with(token(Role::pod_at, address))) said.insert(other);
  }
  for (const ObjectId slice :
       objects_.with(token(Role::slice_naming, ns, object.meta.name.value))) {
    touch_services_of(slice);
  }
  for (const auto& [key, value] : object.shape.labels) {
    for (const ObjectId id : objects_.with(token(Role::service_selecting, ns, key, value))) {
      reach_endpoints(ref_of(objects_.key(id)));
    }
  }
  const std::string& account = object.shape.service_account;
  const bool the_only_one = objects_.with(token(Role::pod_running_as, ns, account)).size() == 1;
  if (the_only_one) touch_account(ns, account);
  for (const ObjectId id : objects_.with(token(Role::binding_in, ns))) {
    touch_binding(ns, objects_.key(id).name);
  }
}

void Affected::touch(const resources::HttpRouteGroup& object) {
  touch_route("HTTPRouteGroup", object.meta.ns.value, object.meta.name.value);
}

void Affected::touch(const resources::TrafficTarget&) { touch_target(self_); }

void Affected::touch(const resources::TrafficSplit&) { touch_split(self_); }

void Affected::touch(const resources::IdentityBinding& object) {
  touch_binding(object.meta.ns.value, object.meta.name.value);
}

// That it is there at all is what others may know of it.
void Affected::touch(const resources::LeftOut& object) {
  if (object.kind == "Service") reach({object.ns, object.name});
  if (object.kind == "ServiceAccount") touch_account(object.ns, object.name);
  if (object.kind == "IdentityBinding") touch_binding(object.ns, object.name);
  touch_route(object.kind, object.ns, object.name);
}

// ---- from one object to others -----------------------------------------------------------------

// Whether it exists and has pods is only talked about: what it allows depends on neither.
void Affected::touch_account(std::string_view ns, std::string_view name) {
  for (const ObjectId id : objects_.with(token(Role::target_naming, ns, name))) said.insert(id);
}

void Affected::touch_route(std::string_view kind, std::string_view ns, std::string_view name) {
  for (const ObjectId id : objects_.with(token(Role::target_with_rule, kind, ns, name))) {
    touch_target(id);
  }
  if (kind != "HTTPRouteGroup") return;
  for (const ObjectId id : objects_.with(token(Role::split_when, ns, name))) touch_split(id);
}

void Affected::touch_binding(std::string_view ns, std::string_view name) {
  if (const auto id = objects_.find({"IdentityBinding", std::string(ns), std::string(name)})) {
    said.insert(*id);
  }
  for (const ObjectId id : objects_.with(token(Role::target_naming_binding, ns, name))) {
    touch_target(id);
  }
}

void Affected::touch_target(ObjectId id) {
  said.insert(id);
  for (const resources::TrafficTarget& target : objects_.decoded(id).traffic_targets) {
    const std::string& own = target.meta.ns.value;
    for (const resources::Rule& rule : target.rules) {  // whether a pattern is used (W17)
      const Token route = token(Role::route, rule.kind.value, own, rule.name.value);
      for (const ObjectId group : objects_.with(route)) said.insert(group);
    }
    const std::string_view ns = namespace_of(target.destination, target);
    if (target.destination.kind.value == "IdentityBinding") {
      const Token binding = token(Role::binding, ns, target.destination.name.value);
      for (const ObjectId at : objects_.with(binding)) said.insert(at);
      reach_behind(token(Role::identity_in, ns));
    } else {
      reach_behind(token(Role::identity, ns, target.destination.name.value));
    }
    for (const resources::Subject& source : target.sources) {
      const Token binding = token(Role::binding, namespace_of(source, target), source.name.value);
      for (const ObjectId at : objects_.with(binding)) said.insert(at);
    }
  }
}

void Affected::touch_split(ObjectId id) {
  said.insert(id);
  for (const resources::TrafficSplit& split : objects_.decoded(id).traffic_splits) {
    const std::string& ns = split.meta.ns.value;
    const std::string_view root = bare_name(split.service.value);
    add_units({ns, std::string(root)});
    // Who comes before whom (W10), and whose backend is a root of another (W11).
    for (const ObjectId other : objects_.with(token(Role::split_of, ns, root))) said.insert(other);
    for (const ObjectId other : objects_.with(token(Role::split_to, ns, root))) said.insert(other);
  }
}

void Affected::touch_services_of(ObjectId slice) {
  for (const resources::EndpointSlice& object : objects_.decoded(slice).endpoint_slices) {
    reach_endpoints({object.meta.ns.value, object.service});
  }
}

void Affected::reach_endpoints(const ir::ServiceRef& service) {
  endpoints.insert(service);
  reach(service);
}

// Its own units and those of the roots that lead to it.
void Affected::reach(const ir::ServiceRef& service) {
  add_units(service);
  for (const ObjectId id : objects_.with(token(Role::split_of, service.ns, service.name))) {
    said.insert(id);
  }
  for (const ObjectId id : objects_.with(token(Role::split_to, service.ns, service.name))) {
    said.insert(id);
    for (const resources::TrafficSplit& split : objects_.decoded(id).traffic_splits) {
      add_units({service.ns, std::string(bare_name(split.service.value))});
    }
  }
}

void Affected::add_units(ir::ServiceRef service) {
  if (const auto id = objects_.find({"Service", service.ns, service.name})) said.insert(*id);
  services.insert(std::move(service));
}

void Affected::reach_behind(Token identity) {
  const auto found = behind_.find(identity);
  if (found == behind_.end()) return;
  for (const ir::ServiceRef& service : found->second) reach(service);
}

void Affected::reach_all_with(Token token) {
  for (const ObjectId id : objects_.with(token)) reach(ref_of(objects_.key(id)));
}

}  // namespace smic::incremental
