// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/subscribe/subscribe.h"

using namespace smic::subscribe;

TEST_CASE("a controller's address is HTTPS, a host and a port") {
  const auto text = [](const char* url) {
    const auto address = controller_address(url);
    return address ? address->host + ' ' + std::to_string(address->port) : "refused";
  };
  CHECK(text("https://smic-controller.smic-system.svc") == "smic-controller.smic-system.svc 443");
  CHECK(text("https://127.0.0.1:8443/") == "127.0.0.1 8443");
  CHECK(text("https://[::1]:8443") == "::1 8443");
  CHECK(text("https://[::1]") == "::1 443");
  for (const char* bad :
       {"", "http://a", "a:443", "https://", "https://a:", "https://a:0", "https://a:65536",
        "https://a:b", "https://[::1", "https://a/b", "https://a@b", "https://[::1]x"}) {
    INFO(bad);
    CHECK(text(bad) == "refused");
  }
}
