// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/api/health.h"

using namespace smic::api;

TEST_CASE("readiness tells what is missing, health and metrics go on without it") {
  std::vector<std::string> reasons{"resources: not read yet", "keys: none"};
  const auto routes = health_routes({[&] { return reasons; }, [] { return "a 1\n"; }});
  const auto ask = [&](const char* path, bool secure = false) {
    const Route* route = find_route(routes, path, secure);
    REQUIRE(route != nullptr);
    return route->handle({});
  };
  CHECK(ask("/readyz").status == 503);
  CHECK(ask("/readyz").body == "resources: not read yet\nkeys: none\n");
  CHECK(ask("/healthz").status == 200);
  CHECK(ask("/livez", true).status == 200);
  CHECK(ask("/metrics").body == "a 1\n");
  reasons.clear();
  CHECK(ask("/readyz").body == "ok\n");
}

TEST_CASE("samples are written as Prometheus reads them") {
  MetricsText text;
  text.family("smic_x_total", "counter", "Things.");
  text.sample({{"path", "/a\"b\\c\n"}, {"code", "200"}}, 3);
  text.sample({}, 0.25);
  CHECK(text.take() ==
        "# HELP smic_x_total Things.\n# TYPE smic_x_total counter\n"
        "smic_x_total{path=\"/a\\\"b\\\\c\\n\",code=\"200\"} 3\nsmic_x_total 0.25\n");
}
