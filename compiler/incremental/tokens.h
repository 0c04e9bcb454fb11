// SPDX-License-Identifier: Apache-2.0
// How objects find each other: each is listed under what it is called and under what it refers to,
// as hashes. Two that collide only make a part larger than it need be.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/resources/resources.h"

namespace smic::incremental {

using Token = std::uint64_t;

enum class Role : std::uint8_t {
  service,                // namespace, name
  service_in,             // namespace
  service_selecting,      // namespace, key, value: one label of its selector
  ns,                     // name
  slice_of,               // namespace, Service
  slice_with,             // address
  slice_naming,           // namespace, pod
  slice,                  // all
  pod,                    // namespace, name
  pod_at,                 // address
  pod_running_as,         // namespace, service account
  pod_labelled,           // namespace, key, value
  any_pod,                // all
  account,                // namespace, name
  split_of,               // namespace, root
  split_to,               // namespace, backend
  split_when,             // namespace, HTTPRouteGroup
  target_to,              // namespace, service account
  target_to_binding_in,   // namespace
  target_naming,          // namespace, service account: as destination or source
  target_naming_binding,  // namespace, IdentityBinding: likewise
  target_with_rule,       // kind, namespace, name
  route,                  // kind, namespace, name
  binding,                // namespace, name
  binding_in,             // namespace
  binding_by_labels,      // all
  named,                  // kind, name
  named_in,               // kind, namespace
  identity,               // namespace, service account: of services, by what is behind them
  identity_in,            // namespace
};

Token token(Role role, std::string_view a = {}, std::string_view b = {}, std::string_view c = {});

// Of targets that name ports, by whom they allow to be called: from the token of an identity, or of
// a namespace with identities.
constexpr Token on_ports(Token identity) { return identity * 0x9e3779b97f4a7c15u + 1; }

// Everything that an object is found by, sorted.
std::vector<Token> tokens_of(const resources::Set& object);

// The part of a Service's written name that names it (D-16).
std::string_view bare_name(std::string_view written);

// The namespace that a subject of a target is in.
std::string_view namespace_of(const resources::Subject& subject,
                              const resources::TrafficTarget& target);

}  // namespace smic::incremental
