// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/program/program.h"
#include "tests/support/decisions.h"

using namespace smic;
using namespace smic::contract;
using program::build_snapshot;
using program::Engine;

namespace {

struct Store {
  std::map<std::string, Bytes> images;
  int fetched = 0;

  std::string add(std::string_view unit, std::string_view target = codegen::targets()[0]) {
    Bytes image = test::image_of(unit, target);
    const std::string digest = digest_of(image);
    images[digest] = std::move(image);
    return digest;
  }
  program::BlobSource source() {
    return [this](const std::string& digest) -> Result<Bytes> {
      ++fetched;
      const auto found = images.find(digest);
      if (found == images.end()) return fail("there is no such image");
      return found->second;
    };
  }
};

// The manifest of test::kCanaryUnit: routes, sources and destinations as the decision names them.
contract::Unit canary_unit(Store& store) {
  const auto decision = test::decide(test::kCanaryUnit);
  const Endpoint one{"10.0.0.1", 8080, "shop/reviews", "reviews-1"};
  const Endpoint two{"10.0.0.2", 8080, "shop/other", "other-1"};
  return {.service = "shop/reviews",
          .port = 9080,
          .image = store.add(test::kCanaryUnit),
          .listen_addresses = {"127.1.2.3"},
          .listen_port = 9080,
          .sources = decision.names.sources,
          .destinations = decision.names.destinations,
          .backends = {{"shop/reviews-v1", 9080, {one}},
                       {"shop/reviews-v2", 9080, {two}},
                       {"shop/reviews", 9080, {one, two}}},
          .routes = {{{"TrafficSplit shop/canary", "split.yaml", 3}, {{0, 9}, {1, 1}}},
                     {{"Service shop/reviews", "web.yaml", 1}, {{2, 1}}}}};
}

Manifest manifest_of(contract::Unit unit, std::uint64_t version = 1) {
  return {.version = version, .node = "n", .units = {std::move(unit)}, .identities = {}};
}

std::string refusal(const Manifest& manifest, Store& store) {
  const auto snapshot = build_snapshot(manifest, store.source(), Engine::native, nullptr);
  return snapshot ? "built" : snapshot.error().message;
}

// The refusal of the canary's manifest after a change, without the words in front of it.
std::string refusal_after(auto change) {
  Store store;
  contract::Unit unit = canary_unit(store);
  change(unit);
  const std::string text = refusal(manifest_of(unit), store);
  const std::string front = "manifest version 1: unit shop/reviews:9080: ";
  return text.starts_with(front) ? text.substr(front.size()) : text;
}

}  // namespace

TEST_CASE("a manifest becomes a snapshot that can be asked", "[snapshot]") {
  Store store;
  Manifest manifest = manifest_of(canary_unit(store), 7);
  manifest.identities = {{"10.0.0.9", "shop/web", "shop/web-1"}};
  const auto snapshot = build_snapshot(manifest, store.source(), Engine::native, nullptr);
  REQUIRE(snapshot);
  CHECK((*snapshot)->version == 7);
  CHECK((*snapshot)->identities->at("10.0.0.9").identity == "shop/web");
  const program::Unit& unit = *(*snapshot)->units.at(0);
  CHECK(unit.manifest == manifest.units[0]);
  CHECK(unit.class_of("shop/stranger") == 0);
  CHECK(unit.class_of("") == 0);
  CHECK(unit.class_of("shop/web") != 0);

  // Who may GET /reviews/1, and where.
  const auto verdict_for = [&](const std::string& identity) {
    Verdict verdict;
    const HeaderSlot none{nullptr, 0};
    unit.program->match({{"/reviews/1", 10}, &none, 1, unit.class_of(identity)}, verdict);
    return verdict;
  };
  const auto& [reviews, other] = std::tie(unit.backends[2][0], unit.backends[2][1]);
  CHECK(verdict_for("shop/web").route == 1);
  CHECK(program::allowed(verdict_for("shop/web"), reviews));
  CHECK_FALSE(program::allowed(verdict_for("shop/web"), other));
  CHECK_FALSE(program::allowed(verdict_for("shop/stranger"), reviews));
}

TEST_CASE("an endpoint belongs to destinations by identity and port", "[snapshot]") {
  const auto text = GENERATE(as<std::string_view>(), R"(
unit a/b:1 http enforce
  source s0 = { a/x }
  route r0 -> a/b:1
  allow to a/one from s0
  allow to a/one:80 from s0
)",
                             R"(
unit a/b:1 http permissive
  route r0 -> a/b:1
  allow to any from any
)");
  Store store;
  const auto names = test::decide(text).names;
  const std::vector<Endpoint> endpoints = {{"10.0.0.1", 80, "a/one", ""},
                                           {"10.0.0.1", 81, "a/one", ""},
                                           {"10.0.0.2", 80, "a/two", ""},
                                           {"10.0.0.3", 80, "", ""}};
  const contract::Unit unit{.service = "a/b",
                            .port = 1,
                            .image = store.add(text),
                            .listen_addresses = {"127.1.2.3"},
                            .listen_port = 1,
                            .sources = names.sources,
                            .destinations = names.destinations,
                            .backends = {{"a/b", 1, endpoints}},
                            .routes = {{{}, {{0, 1}}}}};
  const auto snapshot =
      build_snapshot(manifest_of(unit), store.source(), Engine::portable, nullptr);
  REQUIRE(snapshot);
  REQUIRE_FALSE(names.destinations.empty());
  for (std::size_t e = 0; e < endpoints.size(); ++e) {
    const auto& mask = *(*snapshot)->units[0]->backends[0][e].destinations;
    for (std::size_t d = 0; d < names.destinations.size(); ++d) {
      const auto& [identity, port] = names.destinations[d];
      const bool named = identity == endpoints[e].identity;
      CAPTURE(e, identity, port);
      CHECK((mask[0] >> d & 1) ==
            ((identity.empty() || named) && (port == 0 || port == endpoints[e].port)));
    }
  }
}

TEST_CASE("an image is fetched once, shared by its units and kept from version to version",
          "[snapshot]") {
  Store store;
  contract::Unit first = canary_unit(store);
  contract::Unit second = first;
  second.service = "shop/twin";
  second.listen_addresses = {"127.1.2.4"};
  Manifest manifest = manifest_of(first);
  manifest.units.push_back(second);
  const auto before = build_snapshot(manifest, store.source(), Engine::native, nullptr);
  REQUIRE(before);
  CHECK(store.fetched == 1);
  CHECK((*before)->units[0]->program == (*before)->units[1]->program);

  manifest.version = 2;
  const auto after = build_snapshot(manifest, store.source(), Engine::native, before->get());
  REQUIRE(after);
  CHECK(store.fetched == 1);
  CHECK((*after)->units[0]->program == (*before)->units[0]->program);

  // Another engine is another program.
  REQUIRE(build_snapshot(manifest, store.source(), Engine::portable, before->get()));
  CHECK(store.fetched == 2);
}

TEST_CASE("of each unit the image that suits the machine best is loaded, and no other",
          "[snapshot]") {
  const std::string& baseline = codegen::targets()[0];
  Store store;
  contract::Unit unit = canary_unit(store);
  unit.image = store.add(test::kCanaryUnit, kPortableTarget);
  for (const char* target : {"aarch64", "x86_64-v2", "x86_64-v3"}) {
    unit.native.push_back({target, store.add(test::kCanaryUnit, target)});
  }
  const auto target_with = [&](const program::Targets& targets, const program::Snapshot* before) {
    store.fetched = 0;
    const auto snapshot = build_snapshot(manifest_of(unit), store.source(), targets, before);
    REQUIRE(snapshot);
    CHECK(store.fetched == 1);
    return std::pair(*snapshot, (*snapshot)->units[0]->program->target());
  };
  const program::Targets machine = Engine::native;
  const auto [all, best] = target_with(machine, nullptr);
  CHECK(best == machine.names().front());
  // A snapshot for other targets has nothing that this one could take over.
  CHECK(target_with(*program::Targets::of({baseline}), all.get()).second == baseline);
  CHECK(target_with(Engine::portable, all.get()).second == kPortableTarget);

  std::erase_if(unit.native, [&](const NativeImage& image) {
    return machine.contains(image.target) && image.target != baseline;
  });
  CHECK(target_with(machine, nullptr).second == baseline);
  std::erase_if(unit.native, [&](const NativeImage& image) { return image.target == baseline; });
  CHECK(target_with(machine, nullptr).second == kPortableTarget);

  // As a manifest names it that knows of no targets: one image, with code for some CPU.
  unit.image = store.add(test::kCanaryUnit, baseline);
  unit.native.clear();
  CHECK(target_with(machine, nullptr).second == baseline);
  CHECK(target_with(Engine::portable, nullptr).second == kPortableTarget);
}

TEST_CASE("code that comes after its tables takes their place in the next snapshot", "[snapshot]") {
  Store store;
  contract::Unit unit = canary_unit(store);
  const std::string code = unit.image;
  unit.image = store.add(test::kCanaryUnit, kPortableTarget);
  const auto first = build_snapshot(manifest_of(unit, 1), store.source(), Engine::native, nullptr);
  REQUIRE(first);
  CHECK((*first)->units[0]->program->target() == kPortableTarget);
  unit.native = {{codegen::targets()[0], code}};
  const auto second =
      build_snapshot(manifest_of(unit, 2), store.source(), Engine::native, first->get());
  REQUIRE(second);
  CHECK((*second)->units[0]->program->target() == codegen::targets()[0]);
  CHECK(store.fetched == 2);
}

TEST_CASE("units that did not change are the same objects in the next snapshot", "[snapshot]") {
  Store store;
  contract::Unit unit = canary_unit(store);
  Manifest manifest = manifest_of(unit);
  for (const char* name : {"shop/reviews-b", "shop/reviews-c", "shop/reviews-d"}) {
    unit.service = name;
    unit.listen_port += 1;
    manifest.units.push_back(unit);
  }
  const auto built = [&](const program::Snapshot* before) {
    auto snapshot = build_snapshot(manifest, store.source(), Engine::native, before);
    REQUIRE(snapshot);
    return *snapshot;
  };
  const auto before = built(nullptr);

  SECTION("whether they are the same in the manifest or equal") {
    manifest.units[1].edit();
    manifest.units[2].edit().backends[0].endpoints[0].port = 8081;
    const auto after = built(before.get());
    CHECK(after->units[0] == before->units[0]);
    CHECK(after->units[1] == before->units[1]);
    CHECK(after->units[2] != before->units[2]);
    CHECK(after->units[2]->backends[0][0].port() == 8081);
    CHECK(after->units[3] == before->units[3]);
  }
  SECTION("while others go and come") {
    manifest.units.erase(manifest.units.begin() + 1);
    const auto less = built(before.get());
    REQUIRE(less->units.size() == 3);
    CHECK(less->units[1] == before->units[2]);
    CHECK(less->units[2] == before->units[3]);
    manifest.units.insert(manifest.units.begin() + 1, before->units[1]->shared());
    const auto more = built(less.get());
    CHECK(more->units[0] == before->units[0]);
    CHECK(more->units[3] == before->units[3]);
  }
  SECTION("and one that comes to listen where another does is refused") {
    manifest.units[2].edit().listen_port = manifest.units[1]->listen_port;
    CHECK_FALSE(build_snapshot(manifest, store.source(), Engine::native, before.get()));
  }
  SECTION("and identities that did not change are the same too") {
    CHECK(built(before.get())->identities == before->identities);
    manifest.identities = {{"10.0.0.9", "shop/web", "shop/web-1"}};
    CHECK(built(before.get())->identities->size() == 1);
  }
}

TEST_CASE("bytes that are not what their digest says are refused", "[snapshot]") {
  Store store;
  const Manifest manifest = manifest_of(canary_unit(store));
  const std::string digest = manifest.units[0]->image;
  store.images[digest].back() ^= std::byte{1};
  CHECK(refusal(manifest, store).find("image " + digest + " has the bytes of sha256:") !=
        std::string::npos);
  store.images.clear();
  CHECK(refusal(manifest, store) ==
        "manifest version 1: unit shop/reviews:9080: image " + digest + ": there is no such image");
}

TEST_CASE("an image that does not load is told with its unit", "[snapshot]") {
  Store store;
  contract::Unit unit = canary_unit(store);
  const Bytes junk(100);
  unit.image = digest_of(junk);
  store.images[unit.image] = junk;
  CHECK(refusal(manifest_of(unit), store) == "manifest version 1: unit shop/reviews:9080: image " +
                                                 unit.image + ": load image: not an image of smic");
}

TEST_CASE("a manifest that does not fit the image's shape is refused", "[snapshot]") {
  CHECK(refusal_after([](auto&) {}) == "built");
  CHECK(refusal_after([](auto& unit) { unit.routes.pop_back(); }) ==
        "number of routes: 1 in the manifest, 2 in the image");
  CHECK(refusal_after([](auto& unit) { unit.routes[0].split.pop_back(); }) ==
        "backends of route 0: 1 in the manifest, 2 in the image");
  CHECK(refusal_after([](auto& unit) { unit.routes[1].split[0].backend = 3; }) ==
        "route 1 has a backend out of range");
  CHECK(refusal_after([](auto& unit) { unit.destinations.clear(); }) ==
        "number of destinations: 0 in the manifest, 1 in the image");
  CHECK(refusal_after([](auto& unit) { unit.sources[0].value = 1000; }) ==
        "source class of shop/admin is out of range");
  CHECK(refusal_after([](auto& unit) { unit.sources[1].identity = unit.sources[0].identity; }) ==
        "shop/admin has two source classes");
}

TEST_CASE("units that a connection could not tell apart are refused", "[snapshot]") {
  Store store;
  Manifest manifest = manifest_of(canary_unit(store));
  manifest.units.push_back(manifest.units[0]);
  manifest.units[1].edit().service = "shop/twin";
  CHECK(refusal(manifest, store) ==
        "manifest version 1: unit shop/twin:9080 listens where another "
        "unit does, on 127.1.2.3:9080");
  manifest.units[1].edit().protocol = Protocol::tcp;
  CHECK(refusal(manifest, store) != "built");
  manifest.units[1].edit().protocol = Protocol::udp;  // its own number space
  CHECK(refusal(manifest, store) == "built");
}
