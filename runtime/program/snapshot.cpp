// SPDX-License-Identifier: Apache-2.0
// A manifest and its images to a snapshot: every digest verified, every index compared with the
// shape that the image itself tells, so that a worker can use what match() and split() answer as an
// index without looking.
//
// Tested by tests/unit/program/snapshot_test.cpp.
#include <algorithm>
#include <mutex>
#include <set>
#include <tuple>

#include "contract/unit_place.h"
#include "runtime/program/program.h"

namespace smic::program {
namespace {

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

// ---- programs ----------------------------------------------------------------------------------

Result<std::shared_ptr<const Program>> fetch(const std::string& digest, const BlobSource& blobs,
                                             const Targets& targets) {
  const auto bytes = blobs(digest);
  if (!bytes) return fail(bytes, "image " + digest);
  const std::string found = contract::digest_of(*bytes);
  if (found != digest) return fail("image " + digest + " has the bytes of " + found);
  auto program = load(*bytes, targets);
  if (!program) return fail(program, "image " + digest);
  return program;
}

bool belongs(const contract::Endpoint& endpoint, const contract::Destination& destination) {
  return (destination.port == 0 || destination.port == endpoint.port) &&
         (destination.identity.empty() || destination.identity == endpoint.identity);
}

DestinationMask mask_of(const contract::Endpoint& endpoint, const contract::Unit& unit) {
  DestinationMask mask{};
  for (std::size_t d = 0; d < unit.destinations.size(); ++d) {
    mask[d / 64] |= std::uint64_t{belongs(endpoint, unit.destinations[d])} << (d % 64);
  }
  return mask;
}

}  // namespace

class Programs {
 public:
  explicit Programs(Targets targets) : targets_(std::move(targets)) {}

  const Targets& targets() const { return targets_; }

  Result<std::shared_ptr<const Program>> get(const std::string& digest, const BlobSource& blobs) {
    const std::lock_guard lock(mutex_);
    std::weak_ptr<const Program>& known = known_[digest];
    if (auto program = known.lock()) return program;
    auto fetched = fetch(digest, blobs, targets_);
    if (fetched) known = *fetched;
    if (++loaded_ > known_.size() / 2) forget_unused();
    return fetched;
  }

 private:
  void forget_unused() {
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    loaded_ = 0;
  }

  const Targets targets_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Program>> known_;
  std::size_t loaded_ = 0;
};

namespace {

// ---- units -------------------------------------------------------------------------------------

// Units of the snapshot before, in the order in which both have them.
class Previous {
 public:
  explicit Previous(const Snapshot* snapshot) : snapshot_(snapshot) {}

  // The one that was made from the same, or null.
  std::shared_ptr<const Unit> find(const contract::Unit& wanted) {
    if (snapshot_ == nullptr) return nullptr;
    const auto& made_from = snapshot_->made_from;
    if (at_ < made_from.size() && made_from[at_] != &wanted) skip_to(wanted);
    if (at_ == made_from.size()) return nullptr;
    const bool same = made_from[at_] == &wanted || *made_from[at_] == wanted;
    const std::shared_ptr<const Unit>& unit = snapshot_->units[at_];
    if (same || contract::place_of(*made_from[at_]) == contract::place_of(wanted)) ++at_;
    return same ? unit : nullptr;
  }

 private:
  void skip_to(const contract::Unit& wanted) {
    const auto& made_from = snapshot_->made_from;
    while (at_ < made_from.size() &&
           contract::place_of(*made_from[at_]) < contract::place_of(wanted))
      ++at_;
  }

  const Snapshot* snapshot_;
  std::size_t at_ = 0;
};

Result<std::shared_ptr<const Unit>> make_unit(const contract::Shared<contract::Unit>& unit,
                                              const BlobSource& blobs, Programs& programs) {
  auto program = programs.get(contract::image_for(*unit, programs.targets().names()), blobs);
  if (!program) return fail(program, name_of(unit));
  const auto fits = check_unit(unit, (*program)->shape());
  if (!fits) return fail(fits.error().with(name_of(unit)).message);
  return std::make_shared<const Unit>(unit, std::move(*program));
}

// ---- what must hold between units --------------------------------------------------------------

bool listen_alike(const contract::Unit& a, const contract::Unit& b) {
  return a.listen_addresses == b.listen_addresses && a.listen_port == b.listen_port &&
         (a.protocol == contract::Protocol::udp) == (b.protocol == contract::Protocol::udp);
}

// Then nobody can have come to listen where another does.
bool all_listen_alike(const Snapshot& now, const Snapshot* before) {
  if (before == nullptr || before->made_from.size() != now.made_from.size()) return false;
  for (std::size_t i = 0; i < now.made_from.size(); ++i) {
    if (now.made_from[i] != before->made_from[i] &&
        !listen_alike(*now.made_from[i], *before->made_from[i])) {
      return false;
    }
  }
  return true;
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

// ---- identities --------------------------------------------------------------------------------

std::shared_ptr<const Snapshot::Identities> identities_of(
    const std::vector<contract::PodIdentity>& pods, const Snapshot* previous) {
  const auto is_known = [&](const contract::PodIdentity& pod) {
    const auto known = previous->identities->find(pod.address);
    return known != previous->identities->end() && known->second == pod;
  };
  if (previous != nullptr && previous->identities->size() == pods.size() &&
      std::ranges::all_of(pods, is_known)) {
    return previous->identities;
  }
  auto identities = std::make_shared<Snapshot::Identities>();
  for (const contract::PodIdentity& pod : pods) identities->emplace(pod.address, pod);
  return identities;
}

Result<std::shared_ptr<const Snapshot>> build(const contract::Manifest& manifest,
                                              const BlobSource& blobs, const Targets& targets,
                                              const Snapshot* previous) {
  if (previous != nullptr && (!previous->programs || previous->programs->targets() != targets)) {
    previous = nullptr;  // nothing of it was made for these
  }
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->version = manifest.version;
  snapshot->programs = previous ? previous->programs : std::make_shared<Programs>(targets);
  snapshot->mesh_ranges = manifest.mesh_ranges;
  snapshot->units.reserve(manifest.units.size());
  snapshot->made_from.reserve(manifest.units.size());
  Previous before(previous);
  for (const contract::Shared<contract::Unit>& unit : manifest.units) {
    auto known = before.find(*unit);
    if (!known) {
      auto made = make_unit(unit, blobs, *snapshot->programs);
      if (!made) return std::unexpected(made.error());
      known = std::move(*made);
    }
    snapshot->made_from.push_back(&known->manifest);
    snapshot->units.push_back(std::move(known));
  }
  if (!all_listen_alike(*snapshot, previous)) {
    if (const auto checked = check_addresses(manifest); !checked) {
      return std::unexpected(checked.error());
    }
  }
  snapshot->identities = identities_of(manifest.identities, previous);
  return snapshot;
}

}  // namespace

Unit::Unit(contract::Shared<contract::Unit> of, std::shared_ptr<const Program> with)
    : shared_(std::move(of)), manifest(*shared_), program(std::move(with)) {
  std::set<DestinationMask> different;
  for (const contract::Backend& backend : manifest.backends) {
    for (const auto& endpoint : backend.endpoints) different.insert(mask_of(endpoint, manifest));
  }
  masks_.assign(different.begin(), different.end());
  for (const contract::Backend& backend : manifest.backends) {
    std::vector<Endpoint>& endpoints = backends.emplace_back();
    endpoints.reserve(backend.endpoints.size());
    for (const contract::Endpoint& endpoint : backend.endpoints) {
      const auto mask = std::ranges::lower_bound(masks_, mask_of(endpoint, manifest));
      endpoints.push_back({&endpoint, &*mask});
    }
  }
  for (const contract::SourceClass& source : manifest.sources) {
    source_class_.emplace(source.identity, source.value);
  }
}

std::uint32_t Unit::class_of(std::string_view identity) const {
  const auto found = source_class_.find(identity);
  return found == source_class_.end() ? 0 : found->second;
}

bool allowed(const contract::Verdict& verdict, const Endpoint& endpoint) {
  std::uint64_t common = 0;
  for (std::size_t word = 0; word < contract::kDestinationWords; ++word) {
    common |= verdict.allowed[word] & (*endpoint.destinations)[word];
  }
  return common != 0;
}

Result<std::shared_ptr<const Snapshot>> build_snapshot(const contract::Manifest& manifest,
                                                       const BlobSource& blobs,
                                                       const Targets& targets,
                                                       const Snapshot* previous) {
  auto snapshot = build(manifest, blobs, targets, previous);
  if (!snapshot) return fail(snapshot, "manifest version " + std::to_string(manifest.version));
  return snapshot;
}

}  // namespace smic::program
