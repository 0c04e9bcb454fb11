// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/integration/proxy/running_proxy.h"

using namespace smic::test;

TEST_CASE("a TCP unit carries bytes both ways with half-close, for those it allows") {
  ScriptedBackend backend([](RawSocket& socket) {
    const std::string all = socket.receive_all();
    socket.send("got " + std::to_string(all.size()));
  });
  TestUnit unit = unit_to(backend.port());
  unit.protocol = smic::contract::Protocol::tcp;
  unit.access = smic::contract::AccessMode::enforce;
  unit.program = program_of(only_class_one, nullptr);
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

TEST_CASE("open tunnels are cut off when the policy no longer allows them, and only then") {
  ScriptedBackend backend([](RawSocket& socket) {
    if (socket.receive_until("\r\n\r\n").starts_with("GET ")) {
      socket.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    }
    for (std::string got; !(got = socket.receive()).empty();) socket.send(got);
  });
  TestUnit tcp = unit_to(backend.port());
  tcp.protocol = smic::contract::Protocol::tcp;
  tcp.access = smic::contract::AccessMode::enforce;
  tcp.program = program_of(only_class_one, nullptr);
  tcp.sources = {{"shop/friend", 1}};
  TestUnit http = tcp;
  http.port = free_port();
  http.protocol = smic::contract::Protocol::http;
  const std::vector<TestPod> friends{{"127.0.0.11", "shop/friend"}, {"127.0.0.12", "shop/friend"}};
  RunningProxy proxy({tcp, http}, {}, friends);
  const auto open_tcp = [&](const char* from) {
    RawSocket socket = proxy.client(from, 0);
    socket.send("hello\r\n\r\n");
    return socket;
  };
  RawSocket stays = open_tcp("127.0.0.11");
  RawSocket goes = open_tcp("127.0.0.12");
  RawSocket upgraded = proxy.client("127.0.0.12", 1);
  upgraded.send(request("/", "Connection: upgrade\r\nUpgrade: x\r\n"));
  CHECK(upgraded.receive_response().status() == 101);
  const auto echoes = [](RawSocket& socket) {
    socket.send("ping");
    return socket.receive_exactly(4) == "ping";
  };
  CHECK(echoes(stays));
  CHECK(echoes(goes));
  CHECK(echoes(upgraded));
  REQUIRE(proxy.apply({tcp, http}, friends).has_value());
  CHECK(echoes(goes));
  CHECK(echoes(upgraded));
  REQUIRE(proxy.apply({tcp, http}, {friends[0]}).has_value());
  CHECK(echoes(stays));
  CHECK(goes.receive_all().empty());
  CHECK(upgraded.receive_all().empty());
  CHECK_FALSE(goes.timed_out());
  CHECK_FALSE(upgraded.timed_out());
}
