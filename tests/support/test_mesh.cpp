// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test_mesh.h"

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
    shape_.header_slots = std::move(header_slots);
  }
};

contract::Unit unit_of(const TestUnit& given) {
  contract::Unit unit;
  unit.service = given.service;
  unit.port = unit.listen_port = given.port;
  unit.protocol = given.protocol;
  unit.access = given.access;
  unit.listen_addresses = given.more_addresses;
  unit.listen_addresses.insert(unit.listen_addresses.begin(), given.address);
  unit.sources = given.sources;
  unit.policy = given.policy;
  const bool open = given.access == contract::AccessMode::permissive;
  unit.destinations = {{open ? "" : "shop/app", 0}};
  contract::Route route;
  route.origin = {"TrafficSplit shop/canary", "split.yaml", 12};
  for (const TestBackend& backend : given.backends) {
    route.split.push_back({static_cast<std::uint32_t>(unit.backends.size()), backend.weight});
    contract::Backend& made =
        unit.backends.emplace_back(backend.service, given.port, std::vector<contract::Endpoint>());
    for (const std::uint16_t port : backend.ports) {
      made.endpoints.push_back({"127.0.0.1", port, backend.identity, ""});
    }
  }
  unit.routes = {route};
  return unit;
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
                                                     const std::vector<TestPod>& pods,
                                                     const std::vector<std::string>& mesh_ranges) {
  auto snapshot = std::make_shared<program::Snapshot>();
  snapshot->version = version;
  snapshot->mesh_ranges = mesh_ranges;
  for (const TestUnit& given : units) {
    snapshot->units.push_back(std::make_shared<const program::Unit>(
        unit_of(given), given.program != nullptr ? given.program : program_of(nullptr, nullptr)));
  }
  auto identities = std::make_shared<program::Snapshot::Identities>();
  for (const TestPod& pod : pods) {
    (*identities)[pod.address] = {pod.address, pod.identity, pod.identity + "-pod"};
  }
  snapshot->identities = std::move(identities);
  return snapshot;
}

}  // namespace smic::test
