// SPDX-License-Identifier: Apache-2.0
#include "cli/explanation.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::cli;

namespace {

const std::string kShop = R"(apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {selector: {app: reviews}, ports: [{port: 9080}]}
---
apiVersion: v1
kind: Service
metadata: {name: v1, namespace: shop}
spec: {selector: {app: reviews, version: v1}, ports: [{port: 9080}]}
---
apiVersion: v1
kind: Service
metadata: {name: v2, namespace: shop}
spec: {selector: {app: reviews, version: v2}, ports: [{port: 9080}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop, labels: {smic.dev/mesh: "false"},
           annotations: {smic.dev/mesh: "false"}}
spec: {selector: {app: reviews}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Pod
metadata: {name: v1, namespace: shop, labels: {app: reviews, version: v1}}
spec: {serviceAccountName: reviews}
status: {phase: Running, podIP: 127.0.0.21}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {serviceAccountName: web}
status: {phase: Running, podIP: 127.0.0.11}
)";

const std::string kV2Pod = R"(---
apiVersion: v1
kind: Pod
metadata: {name: v2, namespace: shop, labels: {app: reviews, version: v2}}
spec: {serviceAccountName: experiments}
status: {phase: Running, podIP: 127.0.0.22}
)";

const std::string kSplit = R"(apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: canary, namespace: shop}
spec:
  service: reviews
  backends: [{service: v2, weight: 1}, {service: v1, weight: 9}]
)";

const std::string kAccess = R"(apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: api, namespace: shop}
spec: {matches: [{name: read, pathRegex: /reviews, methods: [GET]}]}
---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: web-to-reviews, namespace: shop}
spec:
  destination: {kind: ServiceAccount, name: reviews, namespace: shop}
  sources: [{kind: ServiceAccount, name: web, namespace: shop}]
  rules: [{kind: HTTPRouteGroup, name: api}]
)";

Query query_of(const std::string& from, const std::string& path = "/reviews") {
  Query query;
  query.from = {"shop", from};
  query.to = {"shop", "reviews"};
  query.port = 9080;
  query.path = path;
  return query;
}

// Both engines answer; explain() itself checks that they agree.
Explanation explained(const std::string& pods, const std::string& split, const std::string& access,
                      const Query& query) {
  Sources sources;
  sources.add("shop.yaml", kShop + pods);
  sources.add("split.yaml", split);
  sources.add("access.yaml", access);
  Diagnostics diagnostics(sources);
  const Frontend front = analyze(sources, {}, diagnostics);
  const CompileOptions options;
  NativeUnits natives(options);
  const auto explanation = explain(front, query, &natives);
  REQUIRE(explanation.has_value());
  return *explanation;
}

std::string words_of(const std::vector<BackendAnswer>& backends) {
  std::string words;
  for (const BackendAnswer& each : backends) {
    words += each.backend.service.name + '=' + std::to_string(each.backend.weight) +
             (each.allowed ? " allowed; " : " closed; ");
  }
  return words;
}

}  // namespace

TEST_CASE("a split forwards if one backend that takes traffic is allowed, in the order written") {
  const auto explanation = explained(kV2Pod, kSplit, kAccess, query_of("web"));
  CHECK(explanation.outcome == Outcome::forward);
  CHECK(words_of(explanation.backends) == "v2=1 closed; v1=9 allowed; ");
  REQUIRE(explanation.route.has_value());
  CHECK(explanation.route->resource == "TrafficSplit shop/canary");
  CHECK(explanation.route->file == "split.yaml");
  REQUIRE(explanation.because.size() == 1);
  CHECK(explanation.because[0].resource == "TrafficTarget shop/web-to-reviews");
  CHECK(explanation.reason.find("shop/v2 is denied") != std::string::npos);
}

TEST_CASE("shares in JSON are those of the traffic: whose nobody takes goes to the others, or not") {
  const Query query = query_of("web");
  const auto shares = [&](const Explanation& explanation) {
    const std::string json = render_json(query, explanation);
    std::string found;
    constexpr std::string_view kField = "\"share\": ";
    for (std::size_t at = 0; (at = json.find(kField, at)) != json.npos;) {
      at += kField.size();
      found += json.substr(at, json.find('}', at) - at) + ' ';
    }
    return found;
  };
  CHECK(shares(explained(kV2Pod, kSplit, kAccess, query)) == "10 90 ");
  Explanation without_v2 = explained("", kSplit, kAccess, query);
  CHECK(shares(without_v2) == "0 100 ");
  without_v2.policy.split_shares = {contract::SplitShares::strict, {"Service shop/reviews", "", 1}};
  CHECK(shares(without_v2) == "10 90 ");
  for (BackendAnswer& each : without_v2.backends) each.ready = 0;
  without_v2.outcome = Outcome::unavailable;
  CHECK(shares(without_v2) == "0 0 ");
}

TEST_CASE("a backend is allowed by the endpoints that take its traffic, the ready ones") {
  const std::string not_ready = R"(---
apiVersion: v1
kind: Pod
metadata: {name: v1b, namespace: shop, labels: {app: reviews, version: v1}}
spec: {serviceAccountName: experiments}
status: {phase: Running, podIP: 127.0.0.23, conditions: [{type: Ready, status: "False"}]}
)";
  std::string access = kAccess;
  access.replace(access.find("name: reviews, n"), 13, "name: experiments");
  const auto explanation = explained(not_ready, "", access, query_of("web"));
  CHECK(explanation.outcome == Outcome::deny);
  CHECK(explanation.because.empty());
  CHECK(explained(not_ready + kV2Pod, "", access, query_of("web")).outcome == Outcome::forward);
}

TEST_CASE("the policies that a request is under are told, with their lines") {
  Sources sources;
  sources.add("shop.yaml",
              "apiVersion: v1\nkind: Service\nmetadata:\n  name: reviews\n"
              "  namespace: shop\n  annotations:\n    smic.dev/retry-attempts: '3'\n"
              "spec: {ports: [{port: 9080}]}\n");
  Diagnostics diagnostics(sources);
  const Frontend front = analyze(sources, {}, diagnostics);
  const auto explanation = explain(front, query_of("web"), nullptr);
  REQUIRE(explanation);
  const std::string human = render_human(query_of("web"), *explanation, false);
  CHECK(human.contains("policy    retry-attempts 3  "));
  CHECK(human.contains("shop.yaml:7\n"));
  CHECK(render_json(query_of("web"), *explanation)
            .contains(R"("policies": [{"name": "retry-attempts", "value": "3", "origin": )"
                      R"({"resource": "Service shop/reviews", "file": "shop.yaml", "line": 7}}])"));
}

TEST_CASE("without a split the service itself is the one backend, with weight 1") {
  const auto explanation = explained(kV2Pod, "", kAccess, query_of("web"));
  CHECK(words_of(explanation.backends) == "reviews=1 allowed; ");
  CHECK(explanation.route->resource == "Service shop/reviews");
}

TEST_CASE("a denial names mode, caller, destination and what would have to differ") {
  SECTION("another caller") {
    const auto explanation = explained("", "", kAccess, query_of("batch"));
    CHECK(explanation.outcome == Outcome::deny);
    CHECK(explanation.because.empty());
    CHECK(explanation.reason ==
          "access mode is enforce, and no TrafficTarget allows shop/batch to send this to pods "
          "that run as shop/reviews");
    REQUIRE(explanation.hints.size() == 1);
    CHECK(explanation.hints[0].find("allows this from shop/web") != std::string::npos);
  }
  SECTION("another request") {
    Query query = query_of("web", "/admin");
    query.method = "POST";
    const auto explanation = explained("", "", kAccess, query);
    CHECK(explanation.outcome == Outcome::deny);
    REQUIRE(explanation.hints.size() == 1);
    CHECK(explanation.hints[0].find("the method would have to be GET") != std::string::npos);
    CHECK(explanation.hints[0].find("the path would have to match `/reviews`") !=
          std::string::npos);
  }
}

TEST_CASE("a backend without ready endpoints takes nothing") {
  SECTION("alone it makes the service unavailable") {
    const std::string only_v2 =
        "apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n"
        "metadata: {name: s, namespace: shop}\n"
        "spec: {service: reviews, backends: [{service: v2, weight: 1}]}\n";
    const auto explanation = explained("", only_v2, kAccess, query_of("web"));
    CHECK(explanation.outcome == Outcome::unavailable);
    CHECK(explanation.reason == "no endpoint is ready in shop/v2");
  }
  SECTION("beside another it is only listed") {
    CHECK(explained("", kSplit, kAccess, query_of("web")).outcome == Outcome::forward);
  }
}

TEST_CASE("a service that is not meshed is unknown, and a slip is pointed out") {
  Query query = query_of("web");
  query.to.name = "reviewz";
  query.port = 0;
  const auto slip = explained("", "", kAccess, query);
  CHECK(slip.outcome == Outcome::unknown_service);
  REQUIRE(slip.hints.size() == 1);
  CHECK(slip.hints[0] == "did you mean `shop/reviews`?");

  query.to.name = "reviews";
  query.port = 1;
  CHECK(explained("", "", kAccess, query).hints[0] == "its ports are 9080");

  query.to.name = "outside";
  query.port = 0;
  const auto outside = explained("", "", kAccess, query);
  CHECK(outside.outcome == Outcome::unknown_service);
  CHECK(outside.reason.find("smic.dev/mesh") != std::string::npos);
}

TEST_CASE("the JSON has the contract's fields first, whatever the outcome") {
  const Query query = query_of("web");
  const std::string json = render_json(query, explained(kV2Pod, kSplit, kAccess, query));
  CHECK(json.starts_with(
      "{\"outcome\": \"forward\",\n"
      " \"route\": {\"resource\": \"TrafficSplit shop/canary\", \"file\": \"split.yaml\", "
      "\"line\": "));
  CHECK(json.find("\"backends\": [{\"service\": \"shop/v2\", \"port\": 9080, \"weight\": 1, "
                  "\"allowed\": false") != std::string::npos);
  Query unknown = query;
  unknown.to.name = "nobody";
  const std::string none = render_json(unknown, explained("", "", "", unknown));
  CHECK(none.find("\"route\": null") != std::string::npos);
  CHECK(none.find("\"backends\": []") != std::string::npos);
}
