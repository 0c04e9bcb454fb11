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
        "mesh=", "refused=3", "refused=3.", "refused=.1", "refused=a.b"}) {
    INFO(query);
    request.query = query;
    CHECK_FALSE(read_from(request));
  }
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
