// SPDX-License-Identifier: Apache-2.0
#include "tests/support/states.h"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace smic::test {
namespace {

using contract::Shared;

constexpr unsigned kNames = 24;
constexpr unsigned kPods = 12;

std::string name_of(std::size_t number) {
  // Names that sort in another order than with a separator behind them.
  const char* forms[] = {"web", "web-", "web.", "api"};
  return forms[number % 4] + std::string("x") + std::to_string(number / 4);
}

contract::ServiceNames service_named(const std::string& name, unsigned flavour) {
  contract::ServiceNames names;
  names.service = "shop/" + name;
  names.mesh_addresses = {"240.0.0." + std::to_string(flavour % 250 + 1)};
  names.ports = {{"http", contract::Transport::tcp, 80}};
  return names;
}

template <class T, class Make>
void change_list(std::vector<Shared<T>>& list, Random& random, Make make) {
  std::erase_if(list, [&](const Shared<T>&) { return random.chance(5); });
  for (Shared<T>& each : list) {
    if (random.chance(5))
      each = make(each->service.substr(5), static_cast<unsigned>(random.below(1000)));
  }
  for (unsigned i = 0; i < 2; ++i) {
    const std::string name = name_of(random.below(kNames));
    if (std::ranges::none_of(
            list, [&](const Shared<T>& each) { return each->service == "shop/" + name; })) {
      list.push_back(make(name, static_cast<unsigned>(random.below(1000))));
    }
  }
  std::ranges::sort(list, {}, [](const Shared<T>& each) { return each->service; });
}

}  // namespace

contract::Unit plain_unit(const std::string& name, std::uint16_t port, unsigned flavour) {
  contract::Unit unit;
  unit.service = "shop/" + name;
  unit.port = port;
  unit.image = contract::digest_text(contract::hash_of("image " + std::to_string(flavour % 3)));
  for (const char* target : {"aarch64", "x86_64-v2", "x86_64-v3"}) {
    if (flavour % 3 == 0) break;  // tables alone
    unit.native.push_back({target, contract::digest_text(contract::hash_of(unit.image + target))});
  }
  unit.listen_addresses = {"127.1.0." + std::to_string(flavour % 250 + 1)};
  unit.listen_port = port;
  unit.destinations = {{"shop/web", 0}};
  unit.backends = {
      {unit.service, port, {{"127.0.0.9", 8080, "shop/web", "web-" + std::to_string(flavour)}}}};
  unit.routes = {{{"TrafficSplit shop/" + name, "split.yaml", flavour}, {{0, 1}}}};
  return unit;
}

contract::Manifest random_manifest(Random& random) {
  contract::Manifest manifest;
  manifest.node = "n1";
  manifest.names.mesh_zones = {"mesh"};
  manifest.names.cluster_domain = "cluster.local";
  for (int i = 0; i < 8; ++i) manifest = changed(std::move(manifest), random);
  return manifest;
}

contract::Manifest changed(contract::Manifest manifest, Random& random) {
  change_list(manifest.units, random, [](const std::string& name, unsigned flavour) {
    return Shared<contract::Unit>(plain_unit(name, 80, flavour));
  });
  change_list(manifest.names.services, random, [](const std::string& name, unsigned flavour) {
    return Shared<contract::ServiceNames>(service_named(name, flavour));
  });
  if (random.chance(10)) manifest.mesh_ranges = {"240.0.0.0/" + std::to_string(random.below(9))};
  if (random.chance(10)) manifest.names.plain_namespaces = {"ns" + std::to_string(random.below(3))};
  std::map<std::string, contract::PodIdentity> pods;
  for (const auto& pod : manifest.identities) {
    if (!random.chance(10)) pods[pod.address] = pod;
  }
  const std::string address = "10.0.0." + std::to_string(random.below(kPods));
  pods[address] = {address, "shop/sa" + std::to_string(random.below(2)), "shop/pod"};
  manifest.identities.clear();
  for (auto& [key, pod] : pods) manifest.identities.push_back(std::move(pod));
  return manifest;
}

contract::State state_of(const contract::Manifest& manifest, std::uint64_t epoch,
                         std::uint64_t version, const contract::State* previous) {
  contract::State state;
  state.mesh = contract::mesh_part(manifest, previous ? previous->mesh.get() : nullptr).value();
  state.local =
      contract::local_part(manifest.identities, previous ? previous->local.get() : nullptr).value();
  state.head = {.node = manifest.node,
                .epoch = epoch,
                .version = version,
                .mesh = state.mesh->hash,
                .local = state.local->hash,
                .key = {}};
  return state;
}

std::string message_of(const contract::State& state, const contract::SigningKey& key,
                       const contract::State* from) {
  const contract::SignedHead head = contract::sign(state.head, key);
  const std::string end = contract::end_line(state.head.version);
  if (from == nullptr) {
    return contract::head_line(head, 0) + '\n' + contract::whole_lines(*state.mesh, *state.local) +
           end;
  }
  return contract::head_line(head, from->head.version) + '\n' +
         contract::delta_lines(contract::difference(*from->local, *state.local)) +
         contract::delta_lines(contract::difference(*from->mesh, *state.mesh)) + end;
}

std::vector<contract::Message> messages_in(std::string_view text) {
  std::vector<contract::Message> messages;
  contract::MessageReader reader([&](contract::Message message) -> Result<void> {
    messages.push_back(std::move(message));
    return {};
  });
  if (!reader.read(text) || reader.in_message()) std::abort();
  return messages;
}

}  // namespace smic::test
