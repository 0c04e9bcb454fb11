// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/kube/scripted_api.h"

using namespace smic;
using namespace smic::kube;
using test::answer;
using test::failure;
using test::ScriptedApi;

namespace {

const Writer::Limits kQuick{
    .per_second = 1e6,
    .burst = 1e6,
    .tries = 3,
    .backoff = {std::chrono::milliseconds(1), std::chrono::milliseconds(2)}};

struct Stage {
  explicit Stage(std::vector<ScriptedApi::Step> steps, bool leads = true)
      : api(std::move(steps)),
        leadership(leads ? sole_leader() : never_leads()),
        client(api.config(), stop),
        writer(client, stop, *leadership, kQuick, 1) {}

  ScriptedApi api;
  Stop stop;
  std::unique_ptr<Leadership> leadership;
  Client client;
  Writer writer;
};

std::string busy(const std::string& headers = "") {
  return answer(429, failure(429, "TooManyRequests", "storage is (re)initializing"), headers);
}

}  // namespace

TEST_CASE("a write is made again when the server was busy, and waits as long as it asks") {
  Stage stage({{"PATCH /a", busy("Retry-After: 1\r\n")},
               {"PATCH /a", answer(503, failure(503, "ServiceUnavailable", "etcd"))},
               {"PATCH /a", answer(200, "done")}});
  const auto start = Clock::now();
  CHECK(stage.writer.patch("/a", PatchType::merge, "{}").value() == "done");
  CHECK(Clock::now() - start >= std::chrono::seconds(1));
  CHECK(stage.api.finish() == "");
}

TEST_CASE("a server that stays busy is left alone after a few tries") {
  Stage stage({{"PATCH /a", busy()}, {"PATCH /a", busy()}, {"PATCH /a", busy()}});
  CHECK(stage.writer.patch("/a", PatchType::merge, "{}").error().fault == Fault::throttled);
  CHECK(stage.api.finish() == "");
}

TEST_CASE("a conflict is decided anew, on what is there then") {
  Stage stage({{"GET /a", answer(200, "1")},
               {"PUT /a", answer(409, failure(409, "Conflict", "the object has been modified"))},
               {"GET /a", answer(200, "2")},
               {"PUT /a", answer(200, "3")}});
  std::string read;
  const auto changed = stage.writer.change(
      "/a", [&](const std::string& object) -> ApiResult<std::optional<std::string>> {
        read += object;
        return object + "x";
      });
  CHECK(changed.value());
  CHECK(read == "12");
  CHECK(stage.api.finish() == "");
  CHECK(stage.api.requests()[3].body == "2x");
}

TEST_CASE("nothing is written where nothing has to change") {
  Stage stage({{"GET /a", answer(200, "1")}});
  const auto changed = stage.writer.change(
      "/a",
      [](const std::string&) -> ApiResult<std::optional<std::string>> { return std::nullopt; });
  CHECK_FALSE(changed.value());
  CHECK(stage.api.finish() == "");
}

TEST_CASE("what is there already was made, and what is not there was removed") {
  Stage stage({{"POST /a", answer(409, failure(409, "AlreadyExists", "a exists"))},
               {"POST /b", answer(201, "{}")},
               {"DELETE /a", answer(404, failure(404, "NotFound", "no a"))}});
  CHECK_FALSE(stage.writer.create_if_absent("/a", "{}").value());
  CHECK(stage.writer.create_if_absent("/b", "{}").value());
  CHECK_FALSE(stage.writer.remove("/a").value());
  CHECK(stage.api.finish() == "");
}

TEST_CASE("what is wrong stays wrong") {
  Stage stage({{"PATCH /a", answer(422, failure(422, "Invalid", "no"))},
               {"PATCH /a", answer(403, failure(403, "Forbidden", "no"))}});
  CHECK(stage.writer.patch("/a", PatchType::merge, "{}").error().fault == Fault::refused);
  CHECK(stage.writer.patch("/a", PatchType::merge, "{}").error().fault == Fault::forbidden);
  CHECK(stage.api.finish() == "");
}

TEST_CASE("who does not lead writes nothing, and reads nothing to write") {
  Stage stage({}, false);
  CHECK(stage.writer.patch("/a", PatchType::merge, "{}").error().fault == Fault::stopped);
  CHECK(stage.writer.create_if_absent("/a", "{}").error().fault == Fault::stopped);
  CHECK(stage.api.finish() == "");
}
