// SPDX-License-Identifier: Apache-2.0
#include "cli/status_report.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::cli;
using namespace std::chrono_literals;
using distribution::NodeStatus;
using distribution::Status;

namespace {

const distribution::Clock::time_point kNow(1'900'000'000s);

NodeStatus node(const std::string& name, bool connected, std::uint64_t version, bool current) {
  NodeStatus node;
  node.node = name;
  node.streams = connected ? 1 : 0;
  node.epoch = version == 0 ? 0 : 2;
  node.version = version;
  node.current = current;
  if (version > 0) node.since = kNow - 180s;
  return node;
}

}  // namespace

TEST_CASE("the table says who is behind, and why") {
  Status status{2,
                17,
                {node("a", true, 17, true), node("b", true, 16, false), node("c", false, 17, true),
                 node("d", false, 0, false)}};
  status.nodes[1].refused_epoch = 2;
  status.nodes[1].refused_version = 17;
  status.nodes[1].refused = "load image: truncated";
  status.nodes[0].target = "x86_64-v3";
  status.nodes[1].target = "portable";
  CHECK(status_table(status, {}, kNow) ==
        "NODE  CONNECTED  ENFORCES  SINCE  CODE\n"
        "a     yes        2.17      3m     x86_64-v3\n"
        "b     yes        2.16      3m     portable   refused 2.17: load image: truncated\n"
        "c     no         2.17      3m     -          not connected\n"
        "d     no         -         -      -          behind\n"
        "\n"
        "2 of 4 nodes enforce what is now, 2.17\n");
  CHECK(status_table({}, {}, kNow) == "the controller has no state yet\n");
}

TEST_CASE("all enforce it only if every node does, and there is one") {
  CHECK_FALSE(all_enforce({}, {}));
  CHECK_FALSE(all_enforce({2, 17, {}}, {}));
  CHECK(all_enforce({2, 17, {node("a", true, 17, true)}}, {}));
  CHECK_FALSE(all_enforce({2, 17, {node("a", true, 17, true), node("b", true, 16, false)}}, {}));
  CHECK(all_enforce({2, 17, {node("a", true, 17, true), node("b", true, 16, false)}}, {16}));
  CHECK_FALSE(all_enforce({2, 17, {node("a", true, 17, true)}}, {18}));
}

TEST_CASE("of several controllers the one is believed that a node follows") {
  const Status one{3, 20, {node("a", true, 20, true), node("b", false, 12, false)}};
  const Status other{4, 19, {node("a", false, 18, false), node("b", true, 19, true)}};
  for (const auto& answers : {std::vector{one, other}, std::vector{other, one}}) {
    const Status all = together(answers);
    CHECK(all.epoch == 4);
    CHECK(all.version == 19);
    REQUIRE(all.nodes.size() == 2);
    CHECK(all.nodes[0].version == 20);
    CHECK(all.nodes[1].version == 19);
    CHECK(all_enforce(all, {}));
  }
}

TEST_CASE("a status reads back from its JSON") {
  Status status{2, 17, {node("a", true, 17, true), node("b", false, 0, false)}};
  status.nodes[1].refused_epoch = 1;
  status.nodes[1].refused_version = 3;
  status.nodes[1].refused = "a \"reason\"";
  const auto again = distribution::status_from_json(distribution::to_json(status));
  REQUIRE(again);
  CHECK(distribution::to_json(*again) == distribution::to_json(status));
  CHECK(status_table(*again, {}, kNow) == status_table(status, {}, kNow));
  for (const char* bad : {"", "[]", "{}", R"({"epoch":1,"version":2,"nodes":[1]})",
                          R"({"epoch":1,"version":2,"nodes":[{}]})"}) {
    CHECK_FALSE(distribution::status_from_json(bad));
  }
}
