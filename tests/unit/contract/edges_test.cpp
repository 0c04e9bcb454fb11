// SPDX-License-Identifier: Apache-2.0
#include "contract/edges.h"

#include <catch2/catch.hpp>

using namespace smic::contract;

TEST_CASE("a report of edges is lines that read back") {
  const EdgeReport report{
      "i-1",
      12'345,
      {{{"shop/a", "shop/b", "shop/web", "shop/s", "shop/v1"}, {10, 2, {{0, 1}, {7, 11}}}},
       {{"", "10.0.0.1", "shop/web", "", "shop/web"}, {0, 0, {}}}}};
  const std::string lines = to_json(report);
  CHECK(std::ranges::count(lines, '\n') == 3);
  const auto read = edges_from_json(lines);
  REQUIRE(read);
  CHECK(*read == report);
}

TEST_CASE("what is no report is refused with the reason") {
  const auto refusal = [](const char* lines) {
    const auto report = edges_from_json(lines);
    return report ? std::string() : report.error().message;
  };
  CHECK(refusal("") == "edges: nothing was said");
  CHECK(refusal("{}\n") == "edges: the proxy does not say which it is");
  CHECK(refusal("{\"instance\":\"x\"}") == "edges: the last line is not complete");
  CHECK(refusal("[]\n") == "edges: no object");
  CHECK(refusal("{\"instance\":\"x\"}\n{\"latency\":[[82,1]]}\n") ==
        "edges: `latency` has a bucket that is not one");
  CHECK(refusal("{\"instance\":\"x\"}\n{\"latency\":[[2,1],[2,1]]}\n") ==
        "edges: `latency` has a bucket that is not one");
  CHECK(refusal("{\"instance\":\"x\"}\n{\"latency\":[3]}\n") ==
        "edges: `latency` is no list of pairs");
}
