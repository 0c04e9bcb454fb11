// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/api/ca_bundles.h"

using namespace smic::api;

namespace {

std::string client(const std::string& ns, const std::string& bundle = "") {
  return R"({"service":{"namespace":")" + ns + R"(","name":"smic-controller"})" +
         (bundle.empty() ? "" : R"(,"caBundle":")" + bundle + '"') + "}";
}

std::string crd(const std::string& client_config) {
  return R"({"spec":{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":)" +
         client_config + "}}}}";
}

std::string patch(Sender sender, const std::string& object) {
  const auto made = bundle_patch(sender, object, "mesh", "PEM!");
  return made ? made->body : "";
}

}  // namespace

TEST_CASE("base64 is as others write it") {
  CHECK(encode_base64("").empty());
  CHECK(encode_base64("f") == "Zg==");
  CHECK(encode_base64("fo") == "Zm8=");
  CHECK(encode_base64("foo") == "Zm9v");
  CHECK(encode_base64("\xff\xfe\xfd\xfc") == "//79/A==");
}

TEST_CASE("a CRD gets the authority once") {
  CHECK(patch(Sender::crd, crd(client("mesh"))) ==
        R"({"spec":{"conversion":{"webhook":{"clientConfig":{"caBundle":"UEVNIQ=="}}}}})");
  CHECK(patch(Sender::crd, crd(client("mesh", "UEVNIQ=="))).empty());
  CHECK_FALSE(patch(Sender::crd, crd(client("mesh", "b3RoZXI="))).empty());
}

TEST_CASE("who asks somebody else is left alone") {
  CHECK(patch(Sender::crd, crd(client("other"))).empty());
  CHECK(patch(Sender::crd, crd(R"({"url":"https://example.org"})")).empty());
  CHECK(patch(Sender::crd, R"({"spec":{"conversion":{"strategy":"None"}}})").empty());
  CHECK(patch(Sender::crd, "no JSON").empty());
  CHECK(patch(Sender::api_service, R"({"spec":{"group":"x"}})").empty());
}

TEST_CASE("only our webhooks in a configuration get it, by name") {
  const auto made = bundle_patch(Sender::webhooks,
                                 R"({"webhooks":[{"name":"a","clientConfig":)" + client("other") +
                                     R"(},{"name":"b","clientConfig":)" + client("mesh") + "}]}",
                                 "mesh", "PEM!");
  REQUIRE(made);
  CHECK_FALSE(made->merge);
  CHECK(made->body == R"([{"op":"test","path":"/webhooks/1/name","value":"b"},)"
                      R"({"op":"add","path":"/webhooks/1/clientConfig/caBundle",)"
                      R"("value":"UEVNIQ=="}])");
}

TEST_CASE("an APIService gets it beside its service") {
  CHECK(patch(Sender::api_service, R"({"spec":)" + client("mesh") + "}") ==
        R"({"spec":{"caBundle":"UEVNIQ=="}})");
}
