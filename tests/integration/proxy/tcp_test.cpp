// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/integration/proxy/running_proxy.h"

using namespace smic::test;

namespace {
void class_one(const smic::contract::RequestView* view, smic::contract::Verdict* verdict) {
  *verdict = {};
  if (view->source_class == 1) verdict->allowed[0] = 1;
}
}  // namespace

TEST_CASE("a TCP unit carries bytes both ways with half-close, for those it allows") {
  ScriptedBackend backend([](RawSocket& socket) {
    const std::string all = socket.receive_all();
    socket.send("got " + std::to_string(all.size()));
  });
  TestUnit unit = unit_to(backend.port());
  unit.protocol = smic::contract::Protocol::tcp;
  unit.access = smic::contract::AccessMode::enforce;
  unit.program = program_of(class_one, nullptr);
  unit.sources = {{"shop/friend", 1}};
  RunningProxy proxy({unit}, {}, {{"127.0.0.11", "shop/friend"}});
  RawSocket allowed = proxy.client("127.0.0.11");
  REQUIRE(allowed.send(std::string(3'000'000, 't')));
  allowed.finish_sending();
  CHECK(allowed.receive_all() == "got 3000000");
  RawSocket denied = proxy.client("127.0.0.12");
  CHECK(denied.receive_all().empty());
  CHECK_FALSE(denied.timed_out());
  CHECK(backend.connections() == 1);
}
