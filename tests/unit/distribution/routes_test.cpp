// SPDX-License-Identifier: Apache-2.0
#include "controller/distribution/routes.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::distribution;

TEST_CASE("a watch says what it starts from") {
  const std::string hex(64, 'a');
  api::Request request;
  const auto nothing = read_from(request);
  REQUIRE(nothing);
  CHECK(nothing->version == 0);
  CHECK_FALSE(nothing->mesh);
  request.query = "node=n1&epoch=3&from=17&mesh=" + hex + "&local=" + hex + "&refused=3.18";
  const auto from = read_from(request);
  REQUIRE(from);
  CHECK(from->epoch == 3);
  CHECK(from->version == 17);
  CHECK(contract::to_hex(*from->mesh) == hex);
  CHECK(from->refused_epoch == 3);
  CHECK(from->refused_version == 18);
  for (const char* query :
       {"from=x", "from=-1", "from=99999999999999999999", "epoch=9007199254740993", "mesh=ab",
        "mesh=", "refused=3", "refused=3.", "refused=.1", "refused=a.b",
        "targets=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q",
        "targets=a-name-that-no-cpu-ever-had-anywhere"}) {
    INFO(query);
    request.query = query;
    CHECK_FALSE(read_from(request));
  }
}

TEST_CASE(
    "a proxy says whose code it runs, the best first; what is not known is passed over later") {
  api::Request request;
  CHECK(read_from(request)->targets.empty());
  request.query = "targets=x86_64-v4,x86_64-v3";
  CHECK(read_from(request)->targets == std::vector<std::string>{"x86_64-v4", "x86_64-v3"});
  request.query = "targets=portable";
  CHECK(read_from(request)->targets == std::vector<std::string>{"portable"});
}

TEST_CASE("a status reads back as it was written") {
  Status status{.epoch = 2, .version = 17, .nodes = {}};
  status.nodes.push_back(
      {.node = "n1", .streams = 1, .epoch = 2, .version = 17, .target = "aarch64"});
  status.nodes.push_back({.node = "n2"});
  const auto again = status_from_json(to_json(status));
  REQUIRE(again);
  REQUIRE(again->nodes.size() == 2);
  CHECK(again->nodes[0].target == "aarch64");
  CHECK(again->nodes[1].target.empty());
  // Of a controller that does not tell targets yet.
  std::string older = to_json(status);
  for (const std::string field : {R"("target":"aarch64",)", R"("target":null,)"}) {
    const auto at = older.find(field);
    REQUIRE(at != older.npos);
    older.erase(at, field.size());
  }
  CHECK(status_from_json(older));
}

TEST_CASE("an acknowledgement names node, epoch and version") {
  const auto good = read_acknowledgement(R"({"node":"n1","epoch":3,"version":17})");
  REQUIRE(good);
  CHECK(good->node == "n1");
  CHECK(good->version == 17);
  CHECK(good->refused.empty());
  const auto refused = read_acknowledgement(R"({"node":"n1","epoch":3,"version":17,"refused":")" +
                                            std::string(9000, 'x') + "\"}");
  REQUIRE(refused);
  CHECK(refused->refused.size() == 4096);
  for (const char* text :
       {"", "[]", "{}", R"({"node":"","epoch":1,"version":1})",
        R"({"node":"a b","epoch":1,"version":1})", R"({"node":"n","epoch":-1,"version":1})",
        R"({"node":"n","epoch":1,"version":"1"})", R"({"node":"n","epoch":1})"}) {
    INFO(text);
    CHECK_FALSE(read_acknowledgement(text));
  }
}
