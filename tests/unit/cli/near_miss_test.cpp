// SPDX-License-Identifier: Apache-2.0
#include "cli/near_miss.h"

#include <catch2/catch.hpp>

#include "tests/support/manifests.h"

using namespace smic;
using namespace smic::cli;
using namespace smic::test;

namespace {

using Part = Difference::Part;

const std::string kMesh =
    service("shop/web",
            "{name: http, port: 80, targetPort: 8080}, {name: tcp-db, port: 5432}, "
            "{name: dns, port: 53, protocol: UDP}") +
    pod("shop/web-0", "web", "10.0.0.1", "web") + pod("shop/c", "caller", "10.0.0.2", "c") +
    tcp_route("shop/all", "") + tcp_route("shop/db", "5432") + udp_route("shop/dns", "53") +
    group("shop/api",
          "{name: read, pathRegex: '/api/.*', methods: [GET, HEAD]}, "
          "{name: beta, pathRegex: '/api/.*', methods: [POST], headers: {x-beta: '1'}}");

Explanation explained(const std::string& rules, ir::Port port, Query query = {}) {
  Sources sources;
  sources.add("mesh.yaml", kMesh + rules);
  Diagnostics diagnostics(sources);
  const Frontend front = analyze(sources, {}, diagnostics);
  if (query.from.name.empty()) query.from = {"shop", "caller"};
  query.to = {"shop", "web"};
  query.port = port;
  const auto explanation = explain(front, query, nullptr);
  REQUIRE(explanation.has_value());
  return *explanation;
}

Query request(std::string method, std::string path) {
  Query query;
  query.method = std::move(method);
  query.path = std::move(path);
  return query;
}

std::vector<Part> parts(const NearMiss& miss) {
  std::vector<Part> parts;
  for (const Difference& each : miss.differ) parts.push_back(each.part);
  return parts;
}

}  // namespace

TEST_CASE(
    "of a target's matches the nearest is shown, with its line and what would have to differ") {
  const auto explanation =
      explained(target("shop/t", "web", "caller", "{kind: HTTPRouteGroup, name: api}"), 80,
                request("POST", "/api/x"));
  CHECK(explanation.outcome == Outcome::deny);
  REQUIRE(explanation.nearest.size() == 1);
  const NearMiss& miss = explanation.nearest[0];
  CHECK(miss.rule.resource == "TrafficTarget shop/t");
  REQUIRE(miss.match);
  CHECK(miss.match->resource == "HTTPRouteGroup shop/api");
  REQUIRE(parts(miss) == std::vector{Part::method});
  CHECK(miss.differ[0].is == "POST");
  CHECK(miss.differ[0].must_be == "GET or HEAD");
}

TEST_CASE("a header that is not there is told from one that has another value") {
  const std::string rules =
      target("shop/t", "web", "caller", "{kind: HTTPRouteGroup, name: api, matches: [beta]}");
  Query query = request("POST", "/api/x");
  CHECK(explained(rules, 80, query).nearest.at(0).differ.at(0).is == std::nullopt);
  query.headers = {{"x-beta", "2"}};
  const Difference other = explained(rules, 80, query).nearest.at(0).differ.at(0);
  CHECK(other.name == "x-beta");
  CHECK(other.is == "2");
  CHECK(other.must_be == "1");
}

TEST_CASE("a target for another port comes near, though it is no part of the unit") {
  const auto explanation =
      explained(target("shop/t", "web", "caller", "{kind: TCPRoute, name: db}"), 80);
  REQUIRE(explanation.nearest.size() == 1);
  REQUIRE(parts(explanation.nearest[0]) == std::vector{Part::port});
  CHECK(explanation.nearest[0].differ[0].is == "8080");
  CHECK(explanation.nearest[0].differ[0].must_be == "5432");
}

TEST_CASE("a target for another protocol comes near") {
  const std::string http = target("shop/t", "web", "caller", "{kind: HTTPRouteGroup, name: api}");
  CHECK(explained(http, 5432).nearest.at(0).differ.at(0).must_be == "HTTP");
  const std::string udp = target("shop/t", "web", "caller", "{kind: UDPRoute, name: dns}");
  CHECK(explained(udp, 80).nearest.at(0).differ.at(0).must_be == "UDP");
  const std::string tcp = target("shop/t", "web", "caller", "{kind: TCPRoute, name: all}");
  CHECK(explained(tcp, 53).nearest.at(0).differ.at(0).must_be == "TCP");
}

TEST_CASE("the target with the fewest differences comes first, and few are shown") {
  std::string rules;
  for (const char* name : {"a", "b", "c", "d"}) {
    rules += target("shop/" + std::string(name), "web", "other", "{kind: TCPRoute, name: db}");
  }
  rules += target("shop/near", "web", "other", "{kind: TCPRoute, name: all}");
  const auto explanation = explained(rules, 80);
  REQUIRE(explanation.nearest.size() == kMostNearMisses);
  CHECK(explanation.nearest[0].rule.resource == "TrafficTarget shop/near");
  CHECK(parts(explanation.nearest[0]) == std::vector{Part::source});
  CHECK(explanation.hints.at(0).find("allows this from shop/other") != std::string::npos);
  CHECK(parts(explanation.nearest[1]) == std::vector{Part::source, Part::port});
}

TEST_CASE("a rule that allows nothing says so") {
  const auto explanation =
      explained(target("shop/t", "web", "caller", "{kind: HTTPRouteGroup, name: none}"), 80);
  CHECK(parts(explanation.nearest.at(0)) == std::vector{Part::nothing});
}

TEST_CASE("a target that is left out because of an error is named") {
  const auto explanation =
      explained(target("shop/t", "web", "caller", "{kind: Ingress, name: api}"), 80);
  CHECK(explanation.nearest.empty());
  CHECK(explanation.hints.at(0) == "TrafficTarget shop/t is left out because of an error in it");
}

TEST_CASE("a split that passed the request on says why, whatever the outcome") {
  const std::string rules = split("shop/canary", "web", "{service: v2, weight: 1}",
                                  "matches: [{kind: HTTPRouteGroup, name: api}]") +
                            service("shop/v2", "{port: 80}") +
                            target("shop/t", "web", "caller", "{kind: TCPRoute, name: all}");
  const auto explanation = explained(rules, 80, request("GET", "/other"));
  CHECK(explanation.outcome == Outcome::forward);
  REQUIRE(explanation.nearest.size() == 1);
  CHECK(explanation.nearest[0].rule.resource == "TrafficSplit shop/canary");
  CHECK(parts(explanation.nearest[0]) == std::vector{Part::path});
  CHECK(explanation.hints.at(0).find("passed it on: the path would have to match `/api/.*`") !=
        std::string::npos);
}

TEST_CASE("rule IR alone has near misses too") {
  Sources sources;
  sources.add("web.smir",
              "unit shop/web:80 http enforce\n source s0 = { shop/caller }\n"
              " match m0 = method in { GET }\n route r0 -> shop/web:80\n"
              " allow to shop/web from s0 when m0\n");
  Diagnostics diagnostics(sources);
  const Frontend front = analyze(sources, {}, diagnostics);
  Query query = request("POST", "/");
  query.from = {"shop", "caller"};
  query.to = {"shop", "web"};
  query.port = 80;
  const auto explanation = explain(front, query, nullptr);
  REQUIRE(explanation.has_value());
  CHECK(parts(explanation->nearest.at(0)) == std::vector{Part::method});
}

TEST_CASE("near misses are in the JSON, after the contract's fields") {
  Query query = request("POST", "/api/x");
  query.from = {"shop", "caller"};
  const auto explanation = explained(
      target("shop/t", "web", "caller", "{kind: HTTPRouteGroup, name: api, matches: [read]}"), 80,
      query);
  const std::string json = render_json(query, explanation);
  CHECK(json.find("\"nearest\": [{\"rule\": {\"resource\": \"TrafficTarget shop/t\"") !=
        std::string::npos);
  CHECK(json.find("\"differ\": [{\"part\": \"method\", \"is\": \"POST\", \"must_be\": \"GET or "
                  "HEAD\"}]") != std::string::npos);
}

TEST_CASE("of very many matches only the first are tried") {
  ir::Match far, near;
  far.methods = near.methods = ir::method_bit(ir::Method::kGet);
  far.path = "/a";
  std::vector<const ir::Match*> matches(kMostMatchesTried, &far);
  AutomataJudge judge;
  const Query query = request("POST", "/");
  matches.back() = &near;
  CHECK(nearest_match(matches, query, judge).differ.size() == 1);
  matches.insert(matches.begin(), &far);
  CHECK(nearest_match(matches, query, judge).differ.size() == 2);
}

TEST_CASE("of very many callers a few are named") {
  std::string sources = "s0";
  for (int i = 1; i < 10; ++i) sources += ", s" + std::to_string(i);
  const auto explanation =
      explained(target("shop/t", "web", sources, "{kind: TCPRoute, name: all}"), 80);
  CHECK(explanation.nearest.at(0).differ.at(0).must_be.ends_with("shop/s7 or 2 others"));
}
