// SPDX-License-Identifier: Apache-2.0
// What it costs to tell proxies of one change among 10,000 services with 100,000 endpoints: CPU
// time of this thread, best of several. The peer in the same run is what one would do without
// items: the whole manifest as text, hashed and signed, and read again by the proxy.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <limits>

#include "base/check.h"
#include "contract/state_stream.h"
#include "tests/bench/figures.h"

namespace smic::bench {
namespace {

constexpr unsigned kServices = 10'000;
constexpr unsigned kEndpoints = 10;  // of each
constexpr int kRounds = 15;

double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double best_of(int rounds, const std::function<void()>& work) {
  double best = std::numeric_limits<double>::max();
  for (int round = 0; round < rounds; ++round) {
    const double start = milliseconds();
    work();
    best = std::min(best, milliseconds() - start);
  }
  return best;
}

contract::Unit unit_number(unsigned number, unsigned weight) {
  contract::Unit unit;
  char name[32];
  std::snprintf(name, sizeof name, "shop/service-%05u", number);
  unit.service = name;
  unit.port = unit.listen_port = 80;
  unit.image = contract::digest_text(contract::hash_of("image " + std::to_string(number % 50)));
  unit.listen_addresses = {"240.1." + std::to_string(number / 250) + '.' +
                           std::to_string(number % 250 + 1)};
  unit.sources = {{"shop/web", 1}};
  unit.destinations = {{"shop/reviews", 0}};
  contract::Backend backend{unit.service, 80, {}};
  for (unsigned i = 0; i < kEndpoints; ++i) {
    backend.endpoints.push_back({"10." + std::to_string(number % 250) + '.' +
                                     std::to_string(number / 250) + '.' + std::to_string(i + 1),
                                 8080, "shop/reviews", "reviews-" + std::to_string(i)});
  }
  unit.backends = {std::move(backend)};
  unit.routes = {{{"TrafficSplit " + unit.service, "split.yaml", 3}, {{0, weight}}}};
  return unit;
}

contract::Manifest whole_mesh() {
  contract::Manifest manifest;
  manifest.node = "n1";
  for (unsigned i = 0; i < kServices; ++i) {
    manifest.units.emplace_back(unit_number(i, 1));
    contract::ServiceNames names;
    names.service = manifest.units.back()->service;
    names.mesh_addresses = manifest.units.back()->listen_addresses;
    names.ports = {{"http", contract::Transport::tcp, 80}};
    manifest.names.services.emplace_back(std::move(names));
  }
  return manifest;
}

struct Shown {
  Figures& figures;
  void operator()(const std::string& name, double value, double peer) const {
    std::printf("  %-52s %9.3f ms   whole manifest %9.3f ms   %6.0fx\n", name.c_str(), value, peer,
                peer / value);
    figures.add(name, value, "ms", "whole manifest: " + std::to_string(peer) + " ms");
  }
};

std::string message(const contract::SignedHead& head, const contract::PartPtr& from,
                    const contract::PartPtr& to, std::uint64_t base) {
  const contract::Part nothing;
  return contract::head_line(head, base) + '\n' +
         contract::delta_lines(contract::difference(from ? *from : nothing, *to)) +
         contract::end_line(head.head.version);
}

contract::Message read(const std::string& text) {
  std::optional<contract::Message> message;
  contract::MessageReader reader([&](contract::Message each) -> Result<void> {
    message = std::move(each);
    return {};
  });
  SMIC_CHECK(reader.read(text).has_value() && message, "a bench's message reads");
  return std::move(*message);
}

int run(int argc, char** argv) {
  const auto key = contract::SigningKey::generate();
  const contract::Trust trust{.authorities = "none", .keys = {key.verifying()}};
  contract::Manifest manifest = whole_mesh();
  const auto local = contract::local_part({}, nullptr).value();
  contract::PartPtr before = contract::mesh_part(manifest, nullptr).value();
  const auto signed_head = [&](const contract::PartPtr& mesh, std::uint64_t version) {
    return contract::sign({.node = "n1",
                           .epoch = 1,
                           .version = version,
                           .mesh = mesh->hash,
                           .local = local->hash,
                           .key = {}},
                          key);
  };
  const std::string whole = message(signed_head(before, 1), nullptr, before, 0);
  std::printf("10,000 services, 100,000 endpoints; the whole state has %.1f MB\n",
              static_cast<double>(whole.size()) / 1e6);

  const double naive_write = best_of(3, [&] {
    const std::string text = contract::to_json(manifest);
    (void)key.sign(contract::digest_text(contract::hash_of(text)));
  });
  const std::string naive = contract::to_json(manifest);
  const double naive_read = best_of(3, [&] {
    (void)contract::hash_of(naive);
    SMIC_CHECK(contract::manifest_from_json(naive).has_value(), "a bench's manifest reads");
  });

  contract::State at_proxy = contract::take_up({}, read(whole), "n1", trust).value();
  unsigned weight = 1;
  std::uint64_t version = 1;
  double write = std::numeric_limits<double>::max(), take = write, each_node = write;
  std::size_t bytes = 0;
  for (int round = 0; round < kRounds; ++round) {
    manifest.units[kServices / 2] =
        contract::Shared<contract::Unit>(unit_number(kServices / 2, ++weight));
    ++version;
    contract::PartPtr after;
    std::string text;
    write = std::min(write, best_of(1, [&] {
                       after = contract::mesh_part(manifest, before.get()).value();
                       text = contract::delta_lines(contract::difference(*before, *after));
                     }));
    std::string delta;
    each_node = std::min(each_node, best_of(1, [&] {
                           delta = contract::head_line(signed_head(after, version), version - 1) +
                                   '\n' + text + contract::end_line(version);
                         }));
    bytes = delta.size();
    take = std::min(take, best_of(1, [&] {
                      at_proxy = contract::take_up(at_proxy, read(delta), "n1", trust).value();
                      SMIC_CHECK(contract::manifest_of(at_proxy).units.size() == kServices,
                                 "all units are there");
                    }));
    before = after;
  }
  Figures figures;
  const Shown shown{figures};
  std::printf("one unit changes (%zu bytes on the wire)\n", bytes);
  shown("controller: what changed, once for all nodes", write, naive_write);
  shown("controller: for each node (head, signature)", each_node, naive_write);
  shown("proxy: judged, applied, a manifest again", take, naive_read);
  std::printf("everything, to a proxy that has nothing\n");
  shown("proxy: judged, applied, a manifest again ",
        best_of(3, [&] { (void)contract::take_up({}, read(whole), "n1", trust).value(); }),
        naive_read);
  return figures.write(argc, argv);
}

}  // namespace
}  // namespace smic::bench

int main(int argc, char** argv) { return smic::bench::run(argc, argv); }
