// SPDX-License-Identifier: Apache-2.0
#include "controller/distribution/status_api.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::distribution;

TEST_CASE("the status is an API that can be discovered and listed") {
  HubOptions options;
  options.take_epoch = [](std::uint64_t above) -> Result<std::uint64_t> { return above + 1; };
  const auto hub = Hub::start(options, contract::SigningKey::generate());
  hub->acknowledge({.node = "n1", .epoch = 1, .version = 2, .refused = "wrong key"});
  const auto asked = [&](std::string path) {
    api::Request request;
    request.path = std::move(path);
    return answer_status_api(*hub, request);
  };
  CHECK(asked("/apis/smic.dev").body.find(R"("kind":"APIGroup")") != std::string::npos);
  const std::string resources = asked("/apis/smic.dev/v1alpha1/").body;
  CHECK(resources.find(R"("name":"enforcement")") != std::string::npos);
  CHECK(resources.find(R"("namespaced":false)") != std::string::npos);
  CHECK(asked("/apis/smic.dev/v1alpha1/secrets").status == 404);
  CHECK(asked("/apis/smic.dev/v1").status == 404);

  const api::Response answer = asked(std::string(kEnforcement));
  CHECK(answer.status == 200);
  CHECK(answer.body.starts_with(
      R"({"kind":"EnforcementList","apiVersion":"smic.dev/v1alpha1","metadata":{},"items":[{)"));
  CHECK(answer.body.find(R"("metadata":{"name":"n1"},"current":false)") != std::string::npos);
  const auto status = status_from_json(answer.body);  // what `smic status` makes of it
  REQUIRE(status);
  REQUIRE(status->nodes.size() == 1);
  CHECK(status->nodes[0].node == "n1");
  CHECK(status->nodes[0].refused == "wrong key");
}
