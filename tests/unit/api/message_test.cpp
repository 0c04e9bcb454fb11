// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/api/api.h"

using namespace smic::api;

TEST_CASE("parameters of a query are decoded, and the first of a name counts") {
  Request request;
  request.query = "t=1m30s&labelSelector=app%3Dweb%2Ctier+in+%28a%29&t=2s&flag&=x";
  CHECK(request.parameter("t") == "1m30s");
  CHECK(request.parameter("labelSelector") == "app=web,tier in (a)");
  CHECK(request.parameter("flag") == "");
  CHECK_FALSE(request.parameter("fl"));
  CHECK_FALSE(Request{}.parameter("t"));
}

TEST_CASE("what is no escape stays as it is") {
  CHECK(decode_percent("a%2fb%2") == "a/b%2");
  CHECK(decode_percent("100%") == "100%");
  CHECK(decode_percent("%zz%41") == "%zzA");
}

TEST_CASE("headers are found in any case") {
  Request request;
  request.headers = {{"X-Remote-User", "ann"}, {"x-remote-user", "bob"}};
  CHECK(request.header("x-REMOTE-user") == "ann");
  CHECK(request.header("x-remote") == "");
}

TEST_CASE("the longest path counts, whole steps only, and only where it is offered") {
  std::vector<Route> routes(4);
  routes[0].path = "/";
  routes[0].below = true;
  routes[1].path = "/apis/x";
  routes[1].below = true;
  routes[2].path = "/apis/x";
  routes[3].path = "/healthz";
  routes[3].offered = Offered::plain;
  const auto found = [&](std::string_view path, bool secure = true) {
    const Route* route = find_route(routes, path, secure);
    return route == nullptr ? -1 : static_cast<int>(route - routes.data());
  };
  CHECK(found("/apis/x") == 2);
  CHECK(found("/apis/x/y") == 1);
  CHECK(found("/apis/x/") == 1);
  CHECK(found("/apis/xy") == 0);
  CHECK(found("/healthz") == 0);
  CHECK(found("/healthz", false) == 3);
  CHECK(found("/apis/x", false) == -1);
}

TEST_CASE("a Status is JSON whatever the message says") {
  const Response response = status_response(404, "NotFound", "no \"x\"");
  CHECK(response.status == 404);
  CHECK(response.body == R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
                         R"("message":"no \"x\"","reason":"NotFound","code":404})"
                         "\n");
}
