// SPDX-License-Identifier: Apache-2.0
#include "controller/traffic/request_header.h"

#include <catch2/catch.hpp>

using namespace smic::traffic;

namespace {

std::string config_map(const std::string& names) {
  return R"({"data":{"client-ca-file":"other","requestheader-client-ca-file":"PEM\n",)"
         R"("requestheader-allowed-names":)" +
         names + "}}";
}

}  // namespace

TEST_CASE("the API server's certificate is what it publishes") {
  const auto read = read_request_header(config_map(R"("[\"front-proxy\",\"b\"]")"));
  REQUIRE(read);
  CHECK(read->authorities == "PEM\n");
  CHECK(read->allowed == std::vector<std::string>{"front-proxy", "b"});
  CHECK(read_request_header(config_map(R"("[]")"))->allowed.empty());
}

TEST_CASE("settings that cannot be understood trust nobody") {
  CHECK_FALSE(read_request_header("no JSON"));
  CHECK_FALSE(read_request_header(config_map(R"("front-proxy")")));
  CHECK_FALSE(read_request_header(config_map(R"("[1]")")));
  CHECK(read_request_header(R"({"data":{"client-ca-file":"x"}})")->authorities.empty());
}
