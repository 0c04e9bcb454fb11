// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/keys/shelf.h"
#include "tests/unit/kube/scripted_api.h"

using namespace smic;
using namespace smic::keys;
using test::ScriptedApi;

namespace {

const std::string kSecrets = "/api/v1/namespaces/smic-system/secrets";

struct Stage {
  explicit Stage(std::vector<ScriptedApi::Step> steps)
      : api(std::move(steps)),
        client(api.config(), stop),
        shelf(cluster_shelf(client, "smic-system")) {}

  ScriptedApi api;
  kube::Stop stop;
  kube::Client client;
  std::shared_ptr<Shelf> shelf;
};

const std::string kMissing = test::answer(404, test::failure(404, "NotFound", "not found"));
const std::string kThere =
    test::answer(200, R"({"kind":"Secret","metadata":{"name":"smic-keys","resourceVersion":"7"},)"
                      R"("data":{"keys.json":"c2VjcmV0IQ==","other":"%%"}})");

}  // namespace

TEST_CASE("a Secret is read decoded, with its version", "[keys]") {
  Stage stage({{"GET " + kSecrets + "/smic-keys", kThere}});
  const auto kept = stage.shelf->read(Object::keys);
  REQUIRE((kept && *kept));
  CHECK((*kept)->version == "7");
  CHECK((*kept)->entries.at("keys.json") == "secret!");
  CHECK((*kept)->entries.at("other").empty());
  CHECK(stage.api.finish() == "");
}

TEST_CASE("who is not the first to create takes what the first has made", "[keys]") {
  Stage stage(
      {{"GET " + kSecrets + "/smic-keys", kMissing},
       {"POST " + kSecrets, test::answer(409, test::failure(409, "AlreadyExists", "exists"))},
       {"GET " + kSecrets + "/smic-keys", kThere}});
  const auto made = update(*stage.shelf, Object::keys,
                           [](const std::optional<Kept>& kept) -> Result<std::optional<Entries>> {
                             if (kept) return std::nullopt;
                             return Entries{{"keys.json", "mine"}};
                           });
  REQUIRE(made);
  CHECK(made->at("keys.json") == "secret!");
  CHECK(stage.api.finish() == "");
}

TEST_CASE("a change is made to what was read, or again", "[keys]") {
  const auto changed = [](const char* version, const char* epoch) {
    return test::answer(200, R"({"metadata":{"resourceVersion":")" + std::string(version) +
                                 R"("},"data":{"epoch":")" + epoch + R"("}})");
  };
  const std::string object = "/api/v1/namespaces/smic-system/configmaps/smic-distribution";
  Stage stage({{"GET " + object, changed("1", "4")},
               {"PUT " + object, test::answer(409, test::failure(409, "Conflict", "changed"))},
               {"GET " + object, changed("2", "5")},
               {"PUT " + object, changed("3", "6")}});
  const auto made =
      update(*stage.shelf, Object::distribution,
             [](const std::optional<Kept>& kept) -> Result<std::optional<Entries>> {
               return Entries{{"epoch", std::to_string(std::stoi(kept->entries.at("epoch")) + 1)}};
             });
  REQUIRE(made);
  CHECK(made->at("epoch") == "6");
  CHECK(stage.api.finish() == "");
  const auto& requests = stage.api.requests();
  CHECK(requests[1].body.contains(R"("resourceVersion":"1")"));
  CHECK(requests[3].body.contains(R"("resourceVersion":"2")"));
  CHECK(requests[3].body.contains(R"("epoch":"6")"));
}

TEST_CASE("a right that is missing is told", "[keys]") {
  Stage stage({{"GET " + kSecrets + "/smic-keys",
                test::answer(403, test::failure(403, "Forbidden", "you may not"))}});
  const auto kept = stage.shelf->read(Object::keys);
  REQUIRE_FALSE(kept);
  CHECK(kept.error().message.contains("you may not"));
}
