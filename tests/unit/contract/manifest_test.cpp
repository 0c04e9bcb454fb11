// SPDX-License-Identifier: Apache-2.0
#include "contract/manifest.h"

#include <catch2/catch.hpp>

#include "contract/abi.h"

using namespace smic;
using namespace smic::contract;

namespace {

Manifest sample() {
  Unit unit{.service = "shop/reviews",
            .port = 9080,
            .protocol = Protocol::http,
            .access = AccessMode::permissive,
            .image = "sha256:00",
            .listen_addresses = {"127.3.2.1", "fd00::1"},
            .listen_port = 9080,
            .sources = {{"shop/admin", 2}, {"shop/web", 1}},
            .destinations = {{"shop/reviews", 0}, {"shop/reviews", 8080}, {"", 0}},
            .backends = {{"shop/reviews-v1", 9080, {{"10.0.0.1", 8080, "shop/reviews", "r-1"}}},
                         {"shop/reviews-v2", 9080, {}}},
            .routes = {{{"TrafficSplit shop/canary", "split.yaml", 12}, {{0, 9}, {1, 1}}},
                       {{"Service shop/reviews", "", 0}, {}}}};
  unit.policy = {.scheme = {{Scheme::h2c, {"Service shop/reviews", "shop.yaml", 4}}},
                 .request_timeout = {{std::chrono::milliseconds(1500), {}}},
                 .retry_attempts = {{3, {}}},
                 .rate_limit = {{{100, 200, RateScope::service}, {}}},
                 .circuit_breaker = {{*BreakerExpression::parse("NetworkErrorRatio() > 0.5"), {}}},
                 .split_shares = {{SplitShares::strict, {"Service shop/reviews", "f", 9}}}};
  Unit tcp = unit;
  unit.native = {{"aarch64", "sha256:01"}, {"x86_64-v2", "sha256:02"}};
  tcp.policy = {};
  tcp.service = "shop/store";
  tcp.protocol = Protocol::tcp;
  tcp.access = AccessMode::enforce;
  return {.version = 0xffffffffffffffff,
          .node = "node-1",
          .mesh_ranges = {"240.0.0.0/7"},
          .units = {unit, tcp},
          .identities = {{"10.0.0.9", "shop/web", "shop/web-1"}},
          .names = {.mesh_zones = {"mesh", "maesh"},
                    .cluster_domain = "cluster.local",
                    .plain_namespaces = {"shop"},
                    .reverse_zones = {"127.in-addr.arpa"},
                    .services = {ServiceNames{.service = "shop/db",
                                              .kind = NameKind::pods,
                                              .mesh_addresses = {"127.3.2.2"},
                                              .cluster_ips = {},
                                              .alias = "",
                                              .ports = {{"sql", Transport::tcp, 5432}},
                                              .pods = {{"db-0", "10.0.0.7", {5433}}}}}}};
}

std::string refusal(const std::string& json) {
  const auto manifest = manifest_from_json(json);
  return manifest ? "accepted" : manifest.error().message;
}

// The canonical text of sample(), with the first `from` written as `to`.
std::string sample_with(const std::string& from, const std::string& to) {
  std::string text = to_json(sample());
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a manifest reads back as it was written", "[manifest]") {
  const auto again = manifest_from_json(to_json(sample()));
  REQUIRE(again);
  CHECK(*again == sample());
  CHECK(to_json(*again) == to_json(sample()));
  CHECK(*manifest_from_json(to_json(Manifest{})) == Manifest{});
}

TEST_CASE("the JSON of a manifest is one line per unit, pod and named service, in canonical order",
          "[manifest]") {
  Manifest manifest = sample();
  manifest.version = 7;
  manifest.units.resize(1);
  manifest.units[0].edit().backends.pop_back();
  manifest.units[0].edit().routes.pop_back();
  manifest.units[0].edit().routes[0].split.pop_back();
  manifest.units[0].edit().policy = {};
  manifest.units[0].edit().policy.idle_timeout = {std::chrono::seconds(5),
                                                  {"Service shop/reviews", "", 3}};
  CHECK(to_json(manifest) ==
        R"({"version":7,"node":"node-1","mesh_ranges":["240.0.0.0/7"],"units":[
{"service":"shop/reviews","port":9080,"protocol":"http","access":"permissive",)"
        R"("image":"sha256:00","native":{"aarch64":"sha256:01","x86_64-v2":"sha256:02"},)"
        R"("listen_addresses":["127.3.2.1","fd00::1"],"listen_port":9080,)"
        R"("sources":[{"identity":"shop/admin","value":2},{"identity":"shop/web","value":1}],)"
        R"("destinations":[{"identity":"shop/reviews","port":0},)"
        R"({"identity":"shop/reviews","port":8080},{"identity":"","port":0}],)"
        R"("backends":[{"service":"shop/reviews-v1","port":9080,"endpoints":[)"
        R"({"address":"10.0.0.1","port":8080,"identity":"shop/reviews","workload":"r-1"}]}],)"
        R"("routes":[{"origin":{"resource":"TrafficSplit shop/canary","file":"split.yaml",)"
        R"("line":12},"split":[{"backend":0,"weight":9}]}],)"
        R"("policy":{"scheme":null,"request_timeout":null,"idle_timeout":{"value":"5s",)"
        R"("origin":{"resource":"Service shop/reviews","file":"","line":3}},)"
        R"("retry_attempts":null,"rate_limit":null,"circuit_breaker":null}}
],"identities":[
{"address":"10.0.0.9","identity":"shop/web","pod":"shop/web-1"}
],"names":{"mesh_zones":["mesh","maesh"],"cluster_domain":"cluster.local",)"
        R"("plain_namespaces":["shop"],"reverse_zones":["127.in-addr.arpa"],"services":[
{"service":"shop/db","kind":"pods","mesh_addresses":["127.3.2.2"],"cluster_ips":[],"alias":"",)"
        R"("ports":[{"name":"sql","transport":"tcp","port":5432}],)"
        R"("pods":[{"host":"db-0","address":"10.0.0.7","ports":[5433]}]}
]}}
)");
  CHECK(
      to_json(Manifest{}) ==
      R"({"version":0,"node":"","mesh_ranges":[],"units":[],"identities":[],"names":{"mesh_zones":[],)"
      R"("cluster_domain":"","plain_namespaces":[],"reverse_zones":[],"services":[]}})"
      "\n");
}

TEST_CASE("text of any kind survives, bytes that are not UTF-8 are replaced", "[manifest]") {
  Manifest manifest = sample();
  manifest.node = "quote \" backslash \\ newline \n nul " + std::string(1, '\0') + " ü 🙂";
  CHECK(*manifest_from_json(to_json(manifest)) == manifest);

  manifest.units[0].edit().routes[0].origin.file = "bad\xff.yaml";
  const auto again = manifest_from_json(to_json(manifest));
  REQUIRE(again);
  CHECK(again->units[0]->routes[0].origin.file == "bad\xef\xbf\xbd.yaml");
}

TEST_CASE("fields of a later version are passed over", "[manifest]") {
  const auto read = manifest_from_json(
      sample_with(R"("port":9080,)", R"("port":9080,"later":{"deep":[1,{"x":null}]},)"));
  REQUIRE(read);
  CHECK(*read == sample());
}

TEST_CASE("a mistake in a manifest is told with its place", "[manifest]") {
  CHECK(refusal(sample_with(R"({"backend":1,"weight":1})", R"({"backend":7,"weight":1})")) ==
        "manifest: units[0].routes[0].split[1].backend: 7 is out of range");
  CHECK(refusal(sample_with(R"("port":9080,"protocol")", R"("port":65536,"protocol")")) ==
        "manifest: units[0].port: 65536 is out of range");
  CHECK(refusal(sample_with(R"("listen_port":9080)", R"("listen_port":0)")) ==
        "manifest: units[0].listen_port: 0 is out of range");
  CHECK(refusal(sample_with(R"(["127.3.2.1","fd00::1"])", "[]")) ==
        "manifest: units[0].listen_addresses: has 0");
  CHECK(refusal(sample_with(R"("address":"10.0.0.1","port":8080)",
                            R"("address":"10.0.0.1","port":0)")) ==
        "manifest: units[0].backends[0].endpoints[0].port: 0 is out of range");
  CHECK(refusal(sample_with(R"("address":"10.0.0.1")", R"("address":"")")) ==
        "manifest: units[0].backends[0].endpoints[0].address: is empty");
  CHECK(refusal(sample_with(R"("protocol":"http")", R"("protocol":"sctp")")) ==
        "manifest: units[0].protocol: `sctp` is not known");
  CHECK(refusal(sample_with(R"("access":"permissive")", R"("access":1)")) ==
        "manifest: units[0].access: a string is expected");
  CHECK(refusal(sample_with(R"("value":2)", R"("value":-2)")) ==
        "manifest: units[0].sources[0].value: a whole number from 0 on is expected");
  CHECK(refusal(sample_with(R"("ports":[5433])", R"("ports":[])")) ==
        "manifest: names.services[0].pods[0].ports: is not as long as the Service's");
  CHECK(refusal(sample_with(R"("kind":"pods")", R"("kind":"pod")")) ==
        "manifest: names.services[0].kind: `pod` is not known");
  CHECK(refusal(sample_with(R"("value":2)", R"("value":2.5)")) ==
        "manifest: units[0].sources[0].value: a whole number from 0 on is expected");
  CHECK(refusal(sample_with(R"("value":"1500ms")", R"("value":"soon")")) ==
        "manifest: units[0].policy.request_timeout.value: `soon` is no duration");
  CHECK(refusal(sample_with(R"(() > 0.5)", R"(() > )")) ==
        "manifest: units[0].policy.circuit_breaker.value: the expression ends where a number is "
        "expected");
  CHECK(refusal(sample_with(R"("value":3,)", R"("value":0,)")) ==
        "manifest: units[0].policy: has retry attempts that are not 1 to 10");
  CHECK(refusal(R"({"version":1,"node":"n","mesh_ranges":[],"units":{},"identities":[]})") ==
        "manifest: units: a list is expected");
  CHECK(refusal("[]") == "manifest: an object is expected");
}

TEST_CASE("code for CPUs is named by target, in one order and beside the tables", "[manifest]") {
  const std::string good = R"({"aarch64":"sha256:01","x86_64-v2":"sha256:02"})";
  const auto refused = [&](const std::string& native) {
    return refusal(sample_with(good, native));
  };
  CHECK(refused(good) == "accepted");
  CHECK(refused(R"({"x86_64-v2":"sha256:02","aarch64":"sha256:01"})") ==
        "manifest: units[0].native.aarch64: is out of order");
  CHECK(refused(R"({"portable":"sha256:02"})") ==
        "manifest: units[0].native.portable: is no target of code");
  CHECK(refused(R"({"":"sha256:02"})") == "manifest: units[0].native[0]: is no target of code");
  CHECK(refused(R"({"X":"sha256:02"})") == "manifest: units[0].native.X: is no target of code");
  CHECK(refused(R"({"aarch64":7})") == "manifest: units[0].native.aarch64: a string is expected");
  CHECK(refused(R"("sha256:02")") == "manifest: units[0].native: an object is expected");
  CHECK(refused("{}") == "manifest: units[0].native: has 0");
  std::string many;
  for (std::size_t i = 0; i <= kMaxNativeImages; ++i) {
    many += (i ? ",\"" : "\"") + std::string(1, static_cast<char>('a' + i)) + "\":\"\"";
  }
  CHECK(refused("{" + many + "}") == "manifest: units[0].native: has 17");
}

// As manifests were before there was code for several targets: the one image may have code in it.
TEST_CASE("a unit without code reads and is written as if there were none for any target",
          "[manifest]") {
  const std::string text =
      sample_with(R"("native":{"aarch64":"sha256:01","x86_64-v2":"sha256:02"},)", "");
  const auto read = manifest_from_json(text);
  REQUIRE(read);
  CHECK(read->units[0]->image == "sha256:00");
  CHECK(read->units[0]->native.empty());
  CHECK(to_json(*read) == text);
}

// An absent identity of a destination would otherwise read as "every endpoint".
TEST_CASE("no field of a manifest may be left out", "[manifest]") {
  CHECK(refusal(sample_with(R"({"identity":"shop/reviews","port":0})", R"({"port":0})")) ==
        "manifest: units[0].destinations[0].identity: is missing");
  CHECK(refusal(R"({"node":"n","units":[],"identities":[]})") == "manifest: version: is missing");
}

TEST_CASE("the limits of a manifest hold", "[manifest]") {
  Manifest manifest = sample();
  manifest.units[0].edit().destinations.resize(kMaxDestinations + 1);
  CHECK(refusal(to_json(manifest)) == "manifest: units[0].destinations: more than 256");
  CHECK(refusal(std::string(kMaxManifestBytes + 1, ' ')) == "manifest: is too long");
  manifest = sample();
  manifest.node.assign(kMaxManifestString + 1, 'x');
  CHECK(refusal(to_json(manifest)) == "manifest: node: the string is too long");
}

TEST_CASE("text that is no JSON is refused, however deep or broken", "[manifest]") {
  CHECK(refusal("") == "manifest: is no JSON: incomplete JSON");
  CHECK(refusal(std::string(1'000'000, '[')).starts_with("manifest: is no JSON: "));
  const std::string good = to_json(sample());
  for (std::size_t size = 0; size + 1 < good.size(); ++size) {
    REQUIRE_FALSE(manifest_from_json(good.substr(0, size)));
  }
}
