// SPDX-License-Identifier: Apache-2.0
#include "controller/daemon/dns_events.h"

#include <catch2/catch.hpp>

#include "controller/daemon/configuration.h"
#include "tests/unit/kube/scripted_api.h"

using namespace smic;
using namespace smic::controller;
using cluster_dns::State;
using test::ScriptedApi;

namespace {

const std::string kEvents = "/apis/events.k8s.io/v1/namespaces/smic-system/events";
const State kLive{State::Phase::live, "", {"mesh"}, "kube-system/coredns"};

// What is asked for each time: whose uid it is, and whether there is such an event.
ScriptedApi::Step service() {
  return {"GET /api/v1/namespaces/smic-system/services/smic-dns",
          test::answer(200, R"({"metadata":{"name":"smic-dns","uid":"u1"}})")};
}
ScriptedApi::Step made() { return {"POST " + kEvents, test::answer(201, "{}")}; }
ScriptedApi::Step there() {
  return {"POST " + kEvents, test::answer(409, test::failure(409, "AlreadyExists", "exists"))};
}
ScriptedApi::Step counted(const std::string& series) {
  return {"GET " + kEvents + "?limit=1 fieldSelector=metadata.name",
          test::answer(200, test::list_of("9", {R"({"metadata":{"name":"smic-dns.1")" + series +
                                                    "}"}))};
}
ScriptedApi::Step patched() { return {"PATCH " + kEvents, test::answer(200, "{}")}; }

// Tells it so often, and gives the bodies of what was patched.
std::vector<std::string> told(std::size_t times, std::vector<ScriptedApi::Step> steps) {
  ScriptedApi api(std::move(steps));
  kube::Stop stop;
  kube::Client client(api.config(), stop);
  const auto leadership = kube::sole_leader();
  kube::Writer writer(client, stop, *leadership, {}, 1);
  const Configuration configuration;
  const Surroundings surroundings{.configuration = configuration,
                                  .stop = stop,
                                  .api = &client,
                                  .leadership = *leadership,
                                  .writer = &writer,
                                  .ns = "smic-system"};
  const auto tell = tell_dns_by_events(surroundings);
  for (std::size_t i = 0; i < times; ++i) tell(kLive);
  CHECK(api.finish() == "");
  std::vector<std::string> bodies;
  for (const test::Message& request : api.requests()) {
    if (request.first_line.starts_with("PATCH")) bodies.push_back(request.body);
  }
  return bodies;
}

}  // namespace

TEST_CASE("the same again is counted in the event's series", "[dns_events]") {
  const auto bodies =
      told(3, {service(), made(), service(), there(), patched(), service(), there(), patched()});
  REQUIRE(bodies.size() == 2);
  CHECK(bodies[0].contains(R"("count":2)"));
  CHECK(bodies[1].contains(R"("count":3)"));
}

TEST_CASE("a controller that starts anew goes on counting from where it stands", "[dns_events]") {
  const auto bodies = told(2, {service(), there(), counted(R"(},"series":{"count":41})"), service(),
                               there(), patched()});
  REQUIRE(bodies.size() == 1);
  CHECK(bodies[0].contains(R"("count":42)"));
}

TEST_CASE("an event that is no series yet was told once", "[dns_events]") {
  const auto bodies =
      told(2, {service(), there(), counted("}"), service(), there(), patched()});
  REQUIRE(bodies.size() == 1);
  CHECK(bodies[0].contains(R"("count":2)"));
}

TEST_CASE("what the API has forgotten begins anew", "[dns_events]") {
  const auto bodies =
      told(3, {service(), there(), counted(R"(},"series":{"count":41})"), service(), made(),
               service(), there(), patched()});
  REQUIRE(bodies.size() == 1);
  CHECK(bodies[0].contains(R"("count":2)"));
}
