// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "runtime/net/address.h"
#include "runtime/proxy/probe.h"
#include "tests/integration/proxy/running_proxy.h"

using namespace smic::test;

namespace {

struct Admin {
  Admin() : backend(ScriptedBackend::answering("x")) {
    smic::proxy::Options options;
    options.admin_address = "127.0.0.1:0";
    proxy.emplace(backend.port(), options);
  }
  Message ask(const std::string& path, const std::string& method = "GET") {
    const auto address = smic::net::SocketAddress::parse((*proxy)->admin_address());
    REQUIRE(address.has_value());
    RawSocket client = RawSocket::connect("127.0.0.1", address->port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return client.receive_response(method == "HEAD");
  }
  ScriptedBackend backend;
  std::optional<RunningProxy> proxy;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the admin address tells health, addresses and the manifest") {
  Admin admin;
  const std::string port = std::to_string(admin.proxy->units[0].port);
  CHECK(admin.ask("/healthz").status() == 200);
  CHECK(admin.ask("/readyz").status() == 200);
  CHECK(admin.ask("/addresses").body ==
        "{\"web.shop.mesh\": {\"" + port + "\": \"127.0.0.1:" + port + "\"}}\n");
  const Message config = admin.ask("/config");
  CHECK(config.header("content-type") == std::string("application/json"));
  CHECK(has(config.body, "\"shop/web\""));
}

TEST_CASE("addresses name the protocol where it is not HTTP, and the number alone too") {
  Admin admin;
  TestUnit udp = admin.proxy->units[0], tcp = udp;
  udp.protocol = smic::contract::Protocol::udp;
  tcp.protocol = smic::contract::Protocol::tcp;
  REQUIRE(admin.proxy->apply({udp, tcp}).has_value());
  const std::string port = std::to_string(udp.port);
  const std::string to = "\": \"127.0.0.1:" + port + "\"";
  CHECK(admin.ask("/addresses").body == "{\"web.shop.mesh\": {\"" + port + to + ", \"" + port +
                                            "/tcp" + to + ", \"" + port + "/udp" + to + "}}\n");
}

TEST_CASE("metrics count requests by source, destination, route, backend and class of status") {
  Admin admin;
  const std::string port = std::to_string(admin.proxy->units[0].port);
  for (int i = 0; i < 3; ++i) CHECK(admin.proxy->get().status() == 200);
  // A request is counted when its exchange is over, which is after its client has the answer.
  const std::string counted =
      "smic_requests_total{source=\"unknown\",destination=\"shop/web:" + port +
      "\",route=\"TrafficSplit shop/canary\",backend=\"shop/web:" + port + "\",code=\"2xx\"} 3\n";
  std::string text = admin.ask("/metrics").body;
  for (int asked = 1; asked < 1'000 && !has(text, counted); ++asked) {
    text = admin.ask("/metrics").body;
  }
  INFO(text);
  CHECK(has(text, counted));
  CHECK(has(text, "smic_request_duration_seconds_count"));
  CHECK(has(text, "smic_connections_total 3\n"));
  CHECK(has(text, "smic_units 1\n"));
  CHECK(has(text, "smic_units_by_target{target=\"portable\"} 1\n"));
}

TEST_CASE("the admin address knows HEAD, 404, 405 and documents of others") {
  Admin admin;
  (*admin.proxy)->serve_json("/controller", [] { return std::string("{\"units\":1}\n"); });
  CHECK(admin.ask("/controller").body == "{\"units\":1}\n");
  const Message head = admin.ask("/controller", "HEAD");
  CHECK(head.status() == 200);
  CHECK(head.header("content-length") == std::string("12"));
  CHECK(admin.ask("/nothing").status() == 404);
  CHECK(admin.ask("/healthz", "POST").status() == 405);
}

TEST_CASE("a proxy that drains is live and no longer ready") {
  std::promise<void> asked, answer;
  ScriptedBackend backend([&](RawSocket& connection) {
    connection.receive_request();
    asked.set_value();
    answer.get_future().wait();
    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  });
  const std::string file = "/tmp/smic-admin-test-" + std::to_string(::getpid());
  smic::proxy::Options options;
  options.admin_socket = file;
  RunningProxy proxy(backend.port(), options);
  CHECK(smic::proxy::probe(file, "/readyz").has_value());
  RawSocket client = proxy.client();
  client.send(request());
  asked.get_future().wait();
  bool complete = false;
  std::thread draining([&] { complete = proxy->drain(std::chrono::seconds(20)); });
  CHECK(eventually([&] {
    const auto ready = smic::proxy::probe(file, "/readyz");
    return !ready && ready.error().message == "{\"status\":\"draining\"}\n";
  }));
  CHECK(smic::proxy::probe(file, "/healthz").has_value());
  answer.set_value();
  CHECK(client.receive_response().status() == 200);
  draining.join();
  CHECK(complete);
  CHECK_FALSE(smic::proxy::probe(file, "/healthz").has_value());
}
