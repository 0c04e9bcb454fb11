// SPDX-License-Identifier: Apache-2.0
#include "controller/status/verdicts.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::status;

namespace {

const ObjectName kWeb{"TrafficSplit", "shop", "web"};

// One look at a cluster with one split.
struct Round {
  explicit Round(int generation, const std::string& uid = "u1") : diagnostics(sources) {
    id = sources.add(
        "TrafficSplit/shop/web.json",
        R"({"apiVersion":"split.smi-spec.io/v1alpha4","kind":"TrafficSplit","metadata":)"
        R"({"name":"web","namespace":"shop","uid":")" +
            uid + R"(","generation":)" + std::to_string(generation) + "}}");
  }
  Round& with(const std::string& code) {
    diagnostics.report(code, {id, 1, 1, 1}, "message of " + code);
    return *this;
  }

  Sources sources;
  Diagnostics diagnostics;
  SourceId id;
};

}  // namespace

TEST_CASE("a source of a cluster is named after its object") {
  CHECK(object_named("TrafficSplit/shop/web.json") == kWeb);
  CHECK(object_named("Namespace/shop.json") == ObjectName{"Namespace", "", "shop"});
  CHECK(object_named("TrafficSplit/shop/a.b.json").name == "a.b");
  CHECK(object_named("web.yaml").kind.empty());
  CHECK(object_named("web.json").kind.empty());
}

TEST_CASE("only what changed is named") {
  Verdicts verdicts;
  CHECK(verdicts.update(Round(1).diagnostics, 1) == std::set{kWeb});
  CHECK(verdicts.update(Round(1).diagnostics, 2).empty());
  CHECK(verdicts.update(Round(1).with("W06").diagnostics, 3) == std::set{kWeb});
  CHECK(verdicts.update(Round(1).with("W06").diagnostics, 3).empty());
  CHECK(verdicts.update(Round(2).with("W06").diagnostics, 4) == std::set{kWeb});
  const Verdict* verdict = verdicts.find(kWeb);
  REQUIRE(verdict != nullptr);
  CHECK(verdict->api_version == "split.smi-spec.io/v1alpha4");
  CHECK(verdict->uid == "u1");
  CHECK(verdict->generation == 2);
  REQUIRE(verdict->findings.size() == 1);
  CHECK(verdict->findings[0].code == "W06");
}

TEST_CASE("a version is the first one that knows of a generation") {
  Verdicts verdicts;
  verdicts.update(Round(1).diagnostics, 5);
  verdicts.update(Round(1).with("W06").diagnostics, 6);
  CHECK(verdicts.find(kWeb)->version == 5);
  verdicts.update(Round(2).diagnostics, 7);
  CHECK(verdicts.find(kWeb)->version == 7);
  verdicts.update(Round(2, "u2").diagnostics, 8);  // another object of the same name
  CHECK(verdicts.find(kWeb)->version == 8);
}

TEST_CASE("what is gone is named once") {
  Verdicts verdicts;
  verdicts.update(Round(1).diagnostics, 1);
  const Sources none;
  CHECK(verdicts.update(Diagnostics(none), 2) == std::set{kWeb});
  CHECK(verdicts.find(kWeb) == nullptr);
  CHECK(verdicts.update(Diagnostics(none), 3).empty());
}

TEST_CASE("of what was not touched nothing is asked") {
  Verdicts verdicts;
  verdicts.update(Round(1).diagnostics, 1);
  Round next(2);
  next.with("W06");
  using Touched = Verdicts::Touched;
  CHECK(verdicts.update(next.diagnostics, std::vector<Touched>(), 2).empty());
  CHECK(verdicts.find(kWeb)->generation == 1);
  const Touched touched{{"TrafficSplit", "shop", "web"}, next.id};
  CHECK(verdicts.update(next.diagnostics, std::vector{touched}, 3) == std::set{kWeb});
  CHECK(verdicts.find(kWeb)->generation == 2);
  CHECK(verdicts.find(kWeb)->findings.size() == 1);
  CHECK(verdicts.update(next.diagnostics, std::vector{touched}, 4).empty());
  const Touched gone{{"TrafficSplit", "shop", "web"}, std::nullopt};
  CHECK(verdicts.update(next.diagnostics, std::vector{gone}, 5) == std::set{kWeb});
  CHECK(verdicts.find(kWeb) == nullptr);
  CHECK(verdicts.update(next.diagnostics, std::vector{gone}, 6).empty());
}

TEST_CASE("a Pod has a verdict once something is said of it") {
  Sources sources;
  const SourceId id = sources.add("Pod/shop/a.json", R"({"metadata":{"uid":"u1"}})");
  Diagnostics nothing(sources), something(sources);
  something.report("W57", {id, 1, 1, 1}, "a message");
  Verdicts verdicts;
  const ObjectName pod{"Pod", "shop", "a"};
  CHECK(verdicts.update(nothing, 1).empty());
  CHECK(verdicts.find(pod) == nullptr);
  CHECK(verdicts.update(something, 2) == std::set{pod});
  CHECK(verdicts.find(pod)->uid == "u1");
  CHECK(verdicts.update(nothing, 3) == std::set{pod});
  CHECK(verdicts.find(pod)->findings.empty());
}
