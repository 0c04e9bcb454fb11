// SPDX-License-Identifier: Apache-2.0
// What stands in the cluster, as far as it is ours, read from objects as the API writes them.
//
// Tested by tests/unit/shadow/standing_test.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "controller/kube/watched_kinds.h"
#include "controller/shadow/ports.h"

namespace smic::shadow {

// Says on a shadow Service whose it is, for people: "shop/web". The name is a hash of just that.
inline constexpr const char* kOfAnnotation = "mesh.smic.dev/shadow-of";
inline constexpr const char* kShadowLabel = kube::kShadowLabel;

inline constexpr std::string_view kNamePrefix = "mesh-";
std::string shadow_name(const ir::ServiceRef& service);

// Words that both sides use.
std::string_view word_of(IpFamily family);      // "IPv4"
std::string_view word_of(Transport transport);  // "TCP"
std::string port_name(const Port& port);        // "tcp-80"
std::string slice_name(const std::string& service, IpFamily family, std::size_t number);

struct StandingService {
  std::string uid;
  std::string created;
  std::uint64_t version = 0;  // resourceVersion
  std::string of;             // what the annotation says
  Targets targets;
  std::vector<IpFamily> families;  // of its cluster IPs, the first one's first; empty: it has none
  // Everything else is as we write it: the label, no selector, node-local, no ports twice.
  bool as_written = false;
};

struct SliceEndpoint {
  std::string node;
  std::string address;
};
// Ten thousand slices name the same hundred nodes: what they name is kept as a hash.
std::uint64_t hash_of(const std::vector<SliceEndpoint>& endpoints);

struct StandingSlice {
  std::uint64_t version = 0;
  std::string service;  // what it says it is of
  std::string owner;    // the uid
  std::optional<IpFamily> family;
  Targets targets;
  std::uint64_t endpoints = 0;  // their hash
  bool as_written = false;      // the labels, every endpoint ready and with its one address
};

struct Standing {
  std::map<std::string, StandingService> services;  // by name
  std::map<std::string, StandingSlice> slices;
};

struct Node {
  std::string name;
  std::vector<IpAddress> addresses;  // where its proxy listens
  bool operator==(const Node&) const = default;
};

// Nothing of an object that cannot be read is believed. What is kept of objects has no version.
std::string version_in(std::string_view object);
StandingService read_service(std::string_view object);
StandingSlice read_slice(std::string_view object);
Node read_node(std::string_view object);

// What is read of them.
std::vector<kube::WatchedKind> kinds(const std::string& ns);

}  // namespace smic::shadow
