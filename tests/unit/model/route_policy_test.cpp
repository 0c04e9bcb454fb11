// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/model/resolved.h"

using namespace smic;
using namespace smic::test;
using std::chrono::milliseconds;

namespace {

Resolved with(const std::string& annotations, const std::string& ports = "{port: 80}") {
  return Resolved(service("shop/web", ports, "annotations: {" + annotations + "}"));
}

ir::RoutePolicy policy(const std::string& annotations) {
  const Resolved mesh = with(annotations);
  mesh.expect().none();
  return mesh.service("shop", "web").policy;
}

// Told at the value, and nothing is set.
void refused(const std::string& key, const std::string& value, const std::string& help) {
  INFO(key << ": " << value);
  const Resolved mesh = with(key + ": '" + value + "'");
  CHECK(mesh.service("shop", "web").policy.empty());
  mesh.expect().only({"W53"}).has("W53").at_text(value).help(help).message("changes nothing");
}

}  // namespace

TEST_CASE("every annotation becomes its setting, with the line it stands on") {
  const Resolved mesh(
      "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\n  annotations:\n"
      "    smic.dev/retry-attempts: '3'\n    smic.dev/request-timeout: 1.5s\n"
      "spec:\n  ports:\n  - port: 80\n");
  const ir::RoutePolicy& found = mesh.service("shop", "web").policy;
  CHECK(found.retry_attempts ==
        contract::Setting<std::uint32_t>{3, {"Service shop/web", "mesh.yaml", 7}});
  CHECK(found.request_timeout ==
        contract::Setting<milliseconds>{milliseconds(1500), {"Service shop/web", "mesh.yaml", 8}});
  CHECK(policy("smic.dev/idle-timeout: 5m").idle_timeout->value == std::chrono::minutes(5));
  CHECK(policy("smic.dev/scheme: http").scheme->value == contract::Scheme::http);
  CHECK(to_string(policy("smic.dev/circuit-breaker-expression: 'LatencyAtQuantileMS(50.0) > 100'")
                      .circuit_breaker->value) == "LatencyAtQuantileMS(50) > 100");
}

TEST_CASE("shares are strict by the option, and a Service's annotation wins") {
  using contract::SplitShares;
  const auto shares = [](const std::string& annotations, SplitShares option) {
    const Resolved mesh(service("shop/web", "{port: 53, protocol: UDP, name: u}",
                                "annotations: {" + annotations + "}"),
                        {.split_shares = option});
    mesh.expect().none();
    return mesh.service("shop", "web").policy.split_shares;
  };
  CHECK_FALSE(shares("", SplitShares::redistribute));
  CHECK(shares("", SplitShares::strict) ==
        contract::Setting<SplitShares>{SplitShares::strict, {"split shares strict", "", 0}});
  const auto own = shares("smic.dev/split-shares: strict", SplitShares::redistribute);
  CHECK(own->value == SplitShares::strict);
  CHECK(own->origin.resource == "Service shop/web");
  CHECK(shares("smic.dev/split-shares: redistribute", SplitShares::strict)->value ==
        SplitShares::redistribute);
  refused("smic.dev/split-shares", "loose", "`strict` or `redistribute`");
}

TEST_CASE("a rate limit's burst is a second's worth, and its scope each source, if not given") {
  using contract::RateLimit;
  using contract::RateScope;
  CHECK(policy("smic.dev/ratelimit-average: '100'").rate_limit->value ==
        RateLimit{100, 100, RateScope::source});
  CHECK(policy("mesh.traefik.io/ratelimit-average: '100', mesh.traefik.io/ratelimit-burst: '200', "
               "smic.dev/ratelimit-scope: service")
            .rate_limit->value == RateLimit{100, 200, RateScope::service});
  refused("smic.dev/ratelimit-burst", "200", "requests per second");
}

TEST_CASE("values out of range and values that are none are told, with what to write") {
  for (const char* value : {"0", "-1", "11", "two", "2.5", "99999999999", " 2", "0x2"}) {
    refused("smic.dev/retry-attempts", value, "`2` is one retry");
  }
  refused("smic.dev/request-timeout", "30", "`500ms`");
  refused("smic.dev/idle-timeout", "0s", "`5m`");
  refused("smic.dev/scheme", "gopher", "`h2c`");
  refused("smic.dev/ratelimit-average", "1000001", "1 to 1000000");
}

TEST_CASE("a mistake in an expression is shown at its place") {
  const std::string expression = "NetworkErrorRatio() > 0.5 || LatencyAtQuantil(50) > 1";
  with("smic.dev/circuit-breaker-expression: '" + expression + "'")
      .expect()
      .only({"W53"})
      .has("W53")
      .at_text("LatencyAtQuantil")
      .message("which is no measure")
      .help("`LatencyAtQuantileMS`");
}

TEST_CASE("what is about requests is told on a Service without HTTP, and idle times are not") {
  const Resolved mesh =
      with("smic.dev/retry-attempts: '3', smic.dev/idle-timeout: 5s", "{port: 5432, name: tcp}");
  mesh.expect().only({"W60"}).has("W60").times(1).at_text("3").message(
      "no port of it carries HTTP");
  with("smic.dev/retry-attempts: '3'", "{port: 80}, {port: 5432, name: tcp}").expect().none();
}

TEST_CASE("a scheme that the proxy does not speak yet is told") {
  for (const char* scheme : {"h2c", "https"}) {
    const Resolved mesh = with(std::string("mesh.traefik.io/scheme: ") + scheme);
    mesh.expect().only({"W61"}).has("W61").at_text(scheme).message("HTTP/1.1 without TLS");
    CHECK(mesh.service("shop", "web").policy.scheme);
  }
}
