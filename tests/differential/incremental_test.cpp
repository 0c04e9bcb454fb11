// SPDX-License-Identifier: Apache-2.0
// The incremental reconciler against the same made from scratch, after every one of many random
// edits: units, images, names, addresses, pods by node and all diagnostics must be equal.
// SMIC_SEED and SMIC_ROUNDS go on elsewhere and for longer.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>

#include "controller/controller.h"
#include "tests/differential/random_objects.h"

using namespace smic;
using controller::AddressPlan;
using controller::MeshedService;

namespace {

std::uint64_t number_from(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

// Addresses that depend on what is asked for alone; some Services have none.
class Plan final : public AddressPlan {
 public:
  Result<Assignment> assign(const std::vector<MeshedService>& services, const Taken&) override {
    Assignment assignment;
    for (std::size_t i = 0; i < services.size(); ++i) {
      const MeshedService& each = services[i];
      if (each.kind == MeshedService::Kind::external_name) {
        assignment.unplaced.push_back({each.service, "it leads out"});
      } else if (each.cluster_ips.empty()) {
        assignment.addresses[each.service] = {"240.1.0." + std::to_string(i)};  // of its rank
      } else {
        assignment.addresses[each.service] = {
            "240.2.0." + std::to_string(each.service.name.size() * 3 + each.service.ns.size())};
      }
    }
    return assignment;
  }
  std::vector<std::string> reverse_zones() const override { return {"240.in-addr.arpa"}; }
};

controller::Reconciler reconciler() {
  return {{},  // tables alone
          std::make_unique<Plan>(),
          controller::OnMistake::leave_out,
          {"mesh"},
          controller::Nodes::by_pod};
}

std::string place(const Sources& sources, const Span& span) {
  return sources.name(span.source) + ':' + std::to_string(span.line) + ':' +
         std::to_string(span.column) + '+' + std::to_string(span.length);
}

std::multiset<std::string> lines_of(const Diagnostics& diagnostics) {
  std::multiset<std::string> lines;
  for (const Diagnostic& each : diagnostics.sorted()) {
    std::string line = place(diagnostics.sources(), each.span) + ' ' + each.code + ' ' +
                       each.message + " / " + each.help;
    for (const Note& note : each.notes) {
      line += " / " + place(diagnostics.sources(), note.span) + ' ' + note.message;
    }
    lines.insert(std::move(line));
  }
  return lines;
}

std::string difference(const std::multiset<std::string>& a, const std::multiset<std::string>& b) {
  std::vector<std::string> only;
  std::ranges::set_difference(a, b, std::back_inserter(only));
  std::string text;
  for (const std::string& line : only) text += "\n  " + line;
  return text;
}

template <class List>
std::multiset<std::string> lines_without_notes(const List& list) {
  std::multiset<std::string> lines;
  for (const Diagnostic& each : list) {
    lines.insert(std::to_string(each.span.line) + ':' + std::to_string(each.span.column) + ' ' +
                 each.code + ' ' + each.message + " / " + each.help);
  }
  return lines;
}

// What is said of one object.
std::multiset<std::string> said_of(const std::string& source, const Diagnostics& diagnostics) {
  std::vector<Diagnostic> said;
  for (const Diagnostic& each : diagnostics.kept()) {
    if (diagnostics.sources().name(each.span.source) == source) said.push_back(each);
  }
  return lines_without_notes(said);
}

bool is_smi(const incremental::ObjectKey& key) {
  return key.kind.starts_with("Traffic") || key.kind.ends_with("Route") ||
         key.kind == "HTTPRouteGroup";
}

std::string text_of(controller::Update update) {
  update.manifest.version = 1;
  std::string text = contract::to_json(update.manifest);
  for (const auto& [node, pods] : update.nodes) {
    contract::Manifest own;
    own.node = node;
    own.identities = *pods;
    text += contract::to_json(own);
  }
  for (const auto& [digest, image] : update.images.all()) text += digest + '\n';
  return text;
}

}  // namespace

TEST_CASE("reconciling what changed is reconciling all, whatever the edits were") {
  const std::uint64_t seed = number_from("SMIC_SEED", 20261127);
  const std::uint64_t rounds = number_from("SMIC_ROUNDS", 1500);
  INFO("SMIC_SEED=" << seed);
  test::RandomObjects cluster(seed);
  std::mt19937_64 random(seed);
  std::map<incremental::ObjectKey, std::shared_ptr<const std::string>> objects;
  controller::Reconciler incremental = reconciler();
  controller::Reconciler whole = reconciler();
  std::uint64_t version = 0;
  std::uint64_t foretold_rounds = 0;
  std::string before;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    cluster.bindings_by_labels = round > rounds * 3 / 4;
    std::vector<incremental::Change> changes;
    std::string told;
    const std::size_t count = round == 0 ? 60 : 1 + random() % 3;
    for (std::size_t i = 0; i < count; ++i) {
      changes.push_back(cluster.edit());
      const incremental::Change& change = changes.back();
      told += "\n  " + incremental::source_name(change.key) + " = " +
              (change.text ? *change.text : "gone");
      if (change.text) {
        objects[change.key] = change.text;
      } else {
        objects.erase(change.key);
      }
    }
    std::optional<std::vector<Diagnostic>> foretold;
    const incremental::Change& last = changes.back();
    if (count == 1 && last.text && is_smi(last.key)) {
      foretold = incremental.would_say(last, std::chrono::milliseconds(0));
      REQUIRE(foretold.has_value());
      ++foretold_rounds;
    }
    const auto update = incremental.apply(changes);
    const Diagnostics& said = incremental.said();
    Sources sources;
    for (const auto& [key, text] : objects) sources.add(incremental::source_name(key), text);
    Diagnostics expected_said(sources);
    const auto expected = whole.reconcile(sources, expected_said);
    REQUIRE(update.has_value());
    REQUIRE(expected.has_value());
    INFO("round " << round << (round == 0 ? "" : told));
    const auto now = lines_of(said), wanted = lines_of(expected_said);
    INFO("only from scratch:" << difference(wanted, now));
    INFO("only incremental:" << difference(now, wanted));
    REQUIRE((now == wanted));
    if (foretold) {
      const std::string source = incremental::source_name(last.key);
      REQUIRE((said_of(source, said) == lines_without_notes(*foretold)));
    }
    const std::string text = text_of(*update);
    REQUIRE((text == text_of(*expected)));
    REQUIRE(update->unplaced == expected->unplaced);
    // A version is new when something is, and only then.
    REQUIRE(update->manifest.version == version + (text != before ? 1 : 0));
    version = update->manifest.version;
    before = text;
  }
  CHECK(foretold_rounds > rounds / 20);
}
