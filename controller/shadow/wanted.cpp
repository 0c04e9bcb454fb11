// SPDX-License-Identifier: Apache-2.0
// Slices first: they are what services that stand are waiting for. Then repairs, then new services
// (whose slices need their uid), at last what is to go.
#include "controller/shadow/wanted.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_set>

#include "controller/shadow/write_bodies.h"

namespace smic::shadow {
namespace {

constexpr std::size_t kMostEndpoints = 1'000;  // of a slice, as the API has it

// Where proxies are, as every Service's slices of a family name them.
struct Part {
  std::vector<SliceEndpoint> endpoints;
  std::uint64_t hash = 0;
};

// At least one: a Service without a slice looks as if nobody had seen it.
std::vector<Part> parts_of(const std::vector<Node>& nodes, IpFamily family) {
  std::vector<Part> parts(1);
  for (const Node& node : nodes) {
    const auto address = std::ranges::find(node.addresses, family, &IpAddress::family);
    if (address == node.addresses.end()) continue;
    if (parts.back().endpoints.size() == kMostEndpoints) parts.emplace_back();
    parts.back().endpoints.push_back({node.name, address->to_string()});
  }
  for (Part& part : parts) part.hash = hash_of(part.endpoints);
  return parts;
}

class Writes {
 public:
  explicit Writes(const World& world)
      : world_(world),
        table_(world.range, claims(world.standing)),
        v4_(parts_of(world.nodes, IpFamily::v4)),
        v6_(parts_of(world.nodes, IpFamily::v6)) {}

  std::vector<Write> of(const std::vector<Wish>& wishes) {
    for (const Wish& wish : wishes) add(wish);
    for (const auto& [name, service] : world_.standing.services) {
      if (!kept_services_.contains(name)) remove(Write::Kind::service, name);
    }
    for (const auto& [name, slice] : world_.standing.slices) {
      if (!kept_slices_.contains(name)) remove(Write::Kind::slice, name);
    }
    for (auto* more : {&patches_, &creations_, &removals_}) {
      std::ranges::move(*more, std::back_inserter(slices_));
    }
    return std::move(slices_);
  }

 private:
  static std::vector<Claim> claims(const Standing& standing) {
    std::vector<Claim> claims;
    claims.reserve(standing.services.size());
    for (const auto& [name, service] : standing.services) {
      claims.push_back({name, service.created, service.targets});
    }
    return claims;
  }

  void add(const Wish& wish) {
    ServiceToWrite wanted{
        world_.ns, shadow_name(wish.of), ir::to_string(wish.of), {}, wish.families};
    for (const Port& port : wish.ports) {
      const auto target = table_.give(wanted.name, port, world_.resting);
      if (target) wanted.targets.emplace(port, *target);
    }
    if (wanted.targets.empty()) return;  // the API takes no Service without ports
    const auto found = world_.standing.services.find(wanted.name);
    if (found == world_.standing.services.end()) {
      creations_.push_back(
          {Write::Verb::create, Write::Kind::service, wanted.name, service_body(wanted, false)});
      return;
    }
    const StandingService& stands = found->second;
    if (must_be_made_anew(wanted, stands)) return;  // it is removed, and is then no more there
    kept_services_.insert(found->first);
    const bool right = stands.as_written && stands.of == wanted.of &&
                       stands.targets == wanted.targets &&
                       (wanted.families.empty() || stands.families == wanted.families);
    if (!right) {
      patches_.push_back(
          {Write::Verb::patch, Write::Kind::service, wanted.name, service_body(wanted, true)});
    }
    for (const IpFamily family : stands.families) add_slices(wanted, stands.uid, family);
  }

  // Nobody can give a Service its first cluster IP, or one of another family.
  static bool must_be_made_anew(const ServiceToWrite& wanted, const StandingService& stands) {
    if (stands.families.empty()) return true;
    return !wanted.families.empty() && wanted.families.front() != stands.families.front();
  }

  void add_slices(const ServiceToWrite& service, const std::string& uid, IpFamily family) {
    const std::vector<Part>& parts = family == IpFamily::v4 ? v4_ : v6_;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      add_slice({world_.ns, slice_name(service.name, family, i), service.name, uid, family,
                 service.targets, &parts[i].endpoints},
                parts[i].hash);
    }
  }

  void add_slice(const SliceToWrite& wanted, std::uint64_t endpoints) {
    const auto found = world_.standing.slices.find(wanted.name);
    const bool there = found != world_.standing.slices.end();
    if (there && found->second.family != wanted.family) return;  // which cannot be changed
    if (there) kept_slices_.insert(found->first);
    if (there && says(found->second, wanted, endpoints)) return;
    slices_.push_back({there ? Write::Verb::patch : Write::Verb::create, Write::Kind::slice,
                       wanted.name, slice_body(wanted)});
  }

  static bool says(const StandingSlice& stands, const SliceToWrite& wanted,
                   std::uint64_t endpoints) {
    return stands.as_written && stands.service == wanted.service && stands.owner == wanted.owner &&
           stands.family == wanted.family && stands.targets == wanted.targets &&
           stands.endpoints == endpoints;
  }

  void remove(Write::Kind kind, const std::string& name) {
    removals_.push_back({Write::Verb::remove, kind, name, ""});
  }

  const World& world_;
  PortTable table_;
  const std::vector<Part> v4_, v6_;
  std::unordered_set<std::string_view> kept_services_, kept_slices_;  // of what stands
  std::vector<Write> slices_, patches_, creations_, removals_;
};

}  // namespace

std::vector<Write> wanted_writes(const std::vector<Wish>& wishes, const World& world) {
  return Writes(world).of(wishes);
}

}  // namespace smic::shadow
