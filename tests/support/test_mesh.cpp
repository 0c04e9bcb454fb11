// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_mesh.h"

#include <map>

namespace smic::test {
namespace {

void allow_all(const contract::RequestView*, contract::Verdict* verdict) {
  *verdict = {};
  for (std::uint64_t& word : verdict->allowed) word = ~std::uint64_t{0};
}

class HandMade : public program::Program {
 public:
  HandMade(contract::MatchFunction match, contract::SplitFunction split,
           std::vector<std::string> header_slots) {
    native_match_ = match;
    native_split_ = split;
    engine_ = program::Engine::native;
    shape_.header_slots = std::move(header_slots);
  }
};

program::Endpoint endpoint_of(const TestBackend& backend, std::uint16_t port,
                              contract::AccessMode access, const contract::Unit& unit,
                              std::map<std::uint16_t, std::uint32_t>& pools) {
  program::Endpoint endpoint;
  endpoint.address = "127.0.0.1";
  endpoint.port = port;
  endpoint.identity = backend.identity;
  for (std::size_t i = 0; i < unit.destinations.size(); ++i) {
    const bool in = access == contract::AccessMode::permissive ||
                    unit.destinations[i].identity == backend.identity;
    if (in) endpoint.destinations[i / 64] |= std::uint64_t{1} << i % 64;
  }
  endpoint.pool = pools.try_emplace(port, static_cast<std::uint32_t>(pools.size())).first->second;
  return endpoint;
}

}  // namespace

std::shared_ptr<const program::Program> program_of(contract::MatchFunction match,
                                                   contract::SplitFunction split,
                                                   std::vector<std::string> header_slots) {
  const contract::SplitFunction first = [](std::uint32_t, std::uint64_t) -> std::uint32_t {
    return 0;
  };
  return std::make_shared<HandMade>(match == nullptr ? allow_all : match,
                                    split == nullptr ? first : split, std::move(header_slots));
}

std::shared_ptr<const program::Snapshot> snapshot_of(std::uint64_t version,
                                                     const std::vector<TestUnit>& units,
                                                     const std::vector<TestPod>& pods) {
  auto snapshot = std::make_shared<program::Snapshot>();
  snapshot->version = version;
  std::map<std::uint16_t, std::uint32_t> pools;
  for (const TestUnit& given : units) {
    program::Unit& unit = snapshot->units.emplace_back();
    unit.manifest.service = given.service;
    unit.manifest.port = given.port;
    unit.manifest.protocol = given.protocol;
    unit.manifest.access = given.access;
    unit.manifest.listen_addresses = given.more_addresses;
    unit.manifest.listen_addresses.insert(unit.manifest.listen_addresses.begin(), given.address);
    unit.manifest.listen_port = given.port;
    unit.manifest.sources = given.sources;
    unit.manifest.policy = given.policy;
    for (const contract::SourceClass& source : given.sources) {
      unit.source_class[source.identity] = source.value;
    }
    unit.manifest.destinations = {{"shop/app", 0}};
    contract::Route route;
    route.origin = {"TrafficSplit shop/canary", "split.yaml", 12};
    for (const TestBackend& backend : given.backends) {
      route.split.push_back({static_cast<std::uint32_t>(unit.backends.size()), backend.weight});
      program::Backend& made = unit.backends.emplace_back();
      made.service = backend.service;
      made.port = given.port;
      for (const std::uint16_t port : backend.ports) {
        made.endpoints.push_back(endpoint_of(backend, port, given.access, unit.manifest, pools));
      }
    }
    unit.manifest.routes = {route};
    unit.program = given.program != nullptr ? given.program : program_of(nullptr, nullptr);
  }
  for (const TestPod& pod : pods) {
    snapshot->identities[pod.address] = {pod.address, pod.identity, pod.identity + "-pod"};
  }
  return snapshot;
}

}  // namespace smic::test
