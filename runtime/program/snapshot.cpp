// SPDX-License-Identifier: Apache-2.0
// A manifest and its images to a snapshot: every digest verified, every index compared with the
// shape that the image itself tells, so that a worker can use what match() and split() answer as an
// index without looking.
//
// Tested by tests/unit/program/snapshot_test.cpp.
#include <set>
#include <tuple>

#include "runtime/program/program.h"

namespace smic::program {
namespace {

using Programs = std::unordered_map<std::string, std::shared_ptr<const Program>>;  // by digest

std::string name_of(const contract::Unit& unit) {
  return "unit " + unit.service + ":" + std::to_string(unit.port);
}

std::string both(std::size_t manifest, std::size_t image) {
  return std::to_string(manifest) + " in the manifest, " + std::to_string(image) + " in the image";
}

// ---- does the manifest fit the image? ----------------------------------------------------------

Result<void> check_routes(const contract::Unit& unit, const contract::Shape& shape) {
  if (unit.routes.size() != shape.route_backends.size()) {
    return fail("number of routes: " + both(unit.routes.size(), shape.route_backends.size()));
  }
  for (std::size_t i = 0; i < unit.routes.size(); ++i) {
    const auto& split = unit.routes[i].split;
    if (split.size() != shape.route_backends[i]) {
      return fail("backends of route " + std::to_string(i) + ": " +
                  both(split.size(), shape.route_backends[i]));
    }
    for (const contract::WeightedBackend& weighted : split) {
      if (weighted.backend >= unit.backends.size()) {
        return fail("route " + std::to_string(i) + " has a backend out of range");
      }
    }
  }
  return {};
}

Result<void> check_sources(const contract::Unit& unit, const contract::Shape& shape) {
  std::set<std::string_view> seen;
  for (const contract::SourceClass& source : unit.sources) {
    if (source.value >= shape.source_classes) {
      return fail("source class of " + source.identity + " is out of range");
    }
    if (!seen.insert(source.identity).second)
      return fail(source.identity + " has two source classes");
  }
  return {};
}

Result<void> check_unit(const contract::Unit& unit, const contract::Shape& shape) {
  if (unit.destinations.size() != shape.destinations) {
    return fail("number of destinations: " + both(unit.destinations.size(), shape.destinations));
  }
  if (const auto routes = check_routes(unit, shape); !routes) return routes;
  return check_sources(unit, shape);
}

// Two units that a connection could not tell apart.
Result<void> check_addresses(const contract::Manifest& manifest) {
  std::set<std::tuple<bool, std::string_view, std::uint16_t>> seen;
  for (const contract::Unit& unit : manifest.units) {
    const bool datagrams = unit.protocol == contract::Protocol::udp;
    for (const std::string& address : unit.listen_addresses) {
      if (seen.insert({datagrams, address, unit.listen_port}).second) continue;
      return fail(name_of(unit) + " listens where another unit does, on " + address + ":" +
                  std::to_string(unit.listen_port));
    }
  }
  return {};
}

// ---- programs ----------------------------------------------------------------------------------

Result<std::shared_ptr<const Program>> fetch(const std::string& digest, const BlobSource& blobs,
                                             Engine engine) {
  const auto bytes = blobs(digest);
  if (!bytes) return fail(bytes, "image " + digest);
  const std::string found = contract::digest_of(*bytes);
  if (found != digest) return fail("image " + digest + " has the bytes of " + found);
  auto program = load(*bytes, engine);
  if (!program) return fail(program, "image " + digest);
  return program;
}

Programs programs_of(const Snapshot* snapshot, Engine engine) {
  Programs programs;
  if (!snapshot) return programs;
  for (const Unit& unit : snapshot->units) {
    if (unit.program->engine() == engine) programs.emplace(unit.manifest.image, unit.program);
  }
  return programs;
}

// ---- endpoints ---------------------------------------------------------------------------------

bool belongs(const contract::Endpoint& endpoint, const contract::Destination& destination) {
  return (destination.port == 0 || destination.port == endpoint.port) &&
         (destination.identity.empty() || destination.identity == endpoint.identity);
}

class Builder {
 public:
  Unit unit(const contract::Unit& manifest, std::shared_ptr<const Program> program) {
    Unit unit{.manifest = manifest, .program = std::move(program)};
    for (const contract::Backend& backend : manifest.backends) {
      unit.backends.push_back({backend.service, backend.port, endpoints(backend, manifest)});
    }
    for (const contract::SourceClass& source : manifest.sources) {
      unit.source_class.emplace(source.identity, source.value);
    }
    return unit;
  }

 private:
  std::vector<Endpoint> endpoints(const contract::Backend& backend, const contract::Unit& unit) {
    std::vector<Endpoint> list;
    list.reserve(backend.endpoints.size());
    for (const contract::Endpoint& from : backend.endpoints) {
      Endpoint& endpoint = list.emplace_back();
      endpoint.address = from.address;
      endpoint.port = from.port;
      endpoint.identity = from.identity;
      endpoint.workload = from.workload;
      for (std::size_t d = 0; d < unit.destinations.size(); ++d) {
        const auto bit = std::uint64_t{belongs(from, unit.destinations[d])} << (d % 64);
        endpoint.destinations[d / 64] |= bit;
      }
      endpoint.pool = pool(from);
    }
    return list;
  }

  std::uint32_t pool(const contract::Endpoint& endpoint) {
    const auto next = static_cast<std::uint32_t>(pools_.size());
    return pools_.emplace(endpoint.address + " " + std::to_string(endpoint.port), next)
        .first->second;
  }

  std::unordered_map<std::string, std::uint32_t> pools_;
};

Result<std::shared_ptr<const Snapshot>> build(const contract::Manifest& manifest,
                                              const BlobSource& blobs, Engine engine,
                                              const Snapshot* previous) {
  if (const auto checked = check_addresses(manifest); !checked) {
    return std::unexpected(checked.error());
  }
  Programs programs = programs_of(previous, engine);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->version = manifest.version;
  snapshot->units.reserve(manifest.units.size());
  Builder builder;
  for (const contract::Unit& unit : manifest.units) {
    auto& program = programs[unit.image];
    if (!program) {
      auto fetched = fetch(unit.image, blobs, engine);
      if (!fetched) return fail(fetched, name_of(unit));
      program = std::move(*fetched);
    }
    const auto fits = check_unit(unit, program->shape());
    if (!fits) return fail(fits.error().with(name_of(unit)).message);
    snapshot->units.push_back(builder.unit(unit, program));
  }
  for (const contract::PodIdentity& pod : manifest.identities) {
    snapshot->identities.emplace(pod.address, pod);
  }
  return snapshot;
}

}  // namespace

std::uint32_t Unit::class_of(const std::string& identity) const {
  const auto found = source_class.find(identity);
  return found == source_class.end() ? 0 : found->second;
}

bool allowed(const contract::Verdict& verdict, const Endpoint& endpoint) {
  std::uint64_t common = 0;
  for (std::size_t word = 0; word < contract::kDestinationWords; ++word) {
    common |= verdict.allowed[word] & endpoint.destinations[word];
  }
  return common != 0;
}

Result<std::shared_ptr<const Snapshot>> build_snapshot(const contract::Manifest& manifest,
                                                       const BlobSource& blobs, Engine engine,
                                                       const Snapshot* previous) {
  auto snapshot = build(manifest, blobs, engine, previous);
  if (!snapshot) return fail(snapshot, "manifest version " + std::to_string(manifest.version));
  return snapshot;
}

}  // namespace smic::program
