// SPDX-License-Identifier: Apache-2.0
// What one node enforces (DESIGN §4): its units by image digest, the names behind each image's
// indices, endpoints, the identities of the node's own pods, and the names it answers DNS for.
// Plain data; the JSON form is canonical (same manifest → same bytes). Boost.JSON's door on this
// side of the house.
//
// A unit names an image of its tables, which any CPU's proxy interprets, and beside it images with
// code for CPU targets, if it is small enough that code is faster. Which one a node loads is the
// node's business (image_for): so a manifest is the same for all nodes, whatever their CPUs are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/names.h"
#include "contract/origin.h"
#include "contract/route_policy.h"
#include "contract/shared.h"

namespace smic::contract {

// One address a backend's traffic can be sent to. Only ready ones are in a manifest.
struct Endpoint {
  std::string address;  // IPv4 or IPv6 literal
  std::uint16_t port = 0;
  std::string identity;  // "namespace/serviceaccount"; empty = no pod's, allowed nowhere (D-31)
  std::string workload;  // pod name, for metrics and logs; may be empty

  bool operator==(const Endpoint&) const = default;
};

struct Backend {
  std::string service;  // "namespace/name"
  std::uint16_t port = 0;
  std::vector<Endpoint> endpoints;

  bool operator==(const Backend&) const = default;
};

struct WeightedBackend {
  std::uint32_t backend = 0;  // index into Unit::backends
  std::uint32_t weight = 0;

  bool operator==(const WeightedBackend&) const = default;
};

struct Route {
  Origin origin;
  std::vector<WeightedBackend> split;  // in the order written; weightless = unavailable

  bool operator==(const Route&) const = default;
};

// A set of pods that access rules speak of: an identity, on one pod port or on all (D-12).
struct Destination {
  std::string identity;    // "namespace/serviceaccount"; empty = every endpoint (permissive mode)
  std::uint16_t port = 0;  // 0 = any

  bool operator==(const Destination&) const = default;
};

enum class Protocol { http, tcp, udp };
enum class AccessMode { enforce, permissive };

struct SourceClass {
  std::string identity;  // "namespace/serviceaccount"
  std::uint32_t value =
      0;  // the class that the image knows it by; identities not listed are class 0

  bool operator==(const SourceClass&) const = default;
};

// Code for one CPU target; it answers what the tables do.
struct NativeImage {
  std::string target;  // as in the image
  std::string digest;

  bool operator==(const NativeImage&) const = default;
};

struct Unit {
  std::string service;     // "namespace/name"
  std::uint16_t port = 0;  // the Service's port
  Protocol protocol = Protocol::http;
  AccessMode access = AccessMode::enforce;
  std::string image;                // digest; valid for any CPU
  std::vector<NativeImage> native;  // sorted by target, each once; empty: there is no code
  std::vector<std::string> listen_addresses;  // the mesh address, of each IP family that it has
  std::uint16_t listen_port = 0;          // of each; equals `port` but where a plan says otherwise
  std::vector<SourceClass> sources;       // sorted by identity
  std::vector<Destination> destinations;  // index = bit in Verdict::allowed
  std::vector<Backend> backends;
  std::vector<Route> routes;  // index = Verdict::route
  RoutePolicy policy;

  bool operator==(const Unit&) const = default;
};

struct PodIdentity {
  std::string address;
  std::string identity;  // "namespace/serviceaccount"
  std::string pod;       // "namespace/name"

  bool operator==(const PodIdentity&) const = default;
};

struct Manifest {
  std::uint64_t version = 0;  // only ever grows
  std::string node;
  // CIDRs that the node makes local and steers to its proxy whole ("240.0.0.0/7"). An address in
  // none of them is listened on by itself.
  std::vector<std::string> mesh_ranges;
  std::vector<Shared<Unit>> units;      // sorted by service and port; shared between manifests
  std::vector<PodIdentity> identities;  // of the node's own pods, sorted by address
  Names names;                          // what it answers DNS questions from

  bool operator==(const Manifest&) const = default;
};

// Limits of the reader.
inline constexpr std::size_t kMaxManifestBytes = std::size_t{1} << 28;
inline constexpr std::size_t kMaxManifestString = 1 << 16;  // a name, an address, a file
inline constexpr std::size_t kMaxListenAddresses = 8;       // of a unit
inline constexpr std::size_t kMaxNativeImages = 16;         // of a unit

// One line per unit, per pod and per named service. Bytes that are not UTF-8 become U+FFFD.
std::string to_json(const Manifest& manifest);

// Every field must be there but a unit's `native`, which is written only where it has entries (as
// if it had always been so); unknown ones are passed over. The first mistake is told by its place:
// "manifest: units[3].routes[0].split[1].backend: 7 is out of range".
Result<Manifest> manifest_from_json(std::string_view json);

// The digest of the image that a machine loads which runs code for `targets`, the best first.
const std::string& image_for(const Unit& unit, std::span<const std::string> targets);

// ---- its parts, each on a line of its own (contract/state.h) ------------------------------------

// What a manifest says once for all of its units.
struct MeshSettings {
  std::vector<std::string> mesh_ranges;
  Names names;  // without its services

  bool operator==(const MeshSettings&) const = default;
};
MeshSettings settings_of(const Manifest& manifest);
void use(MeshSettings settings, Manifest& manifest);  // keeps the services

std::string to_json(const MeshSettings& settings);
std::string to_json(const Unit& unit);
std::string to_json(const ServiceNames& names);
std::string to_json(const PodIdentity& pod);

Result<MeshSettings> settings_from_json(std::string_view json);
Result<Unit> unit_from_json(std::string_view json);
Result<ServiceNames> service_names_from_json(std::string_view json);
Result<PodIdentity> pod_from_json(std::string_view json);

}  // namespace smic::contract
