// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "tests/integration/proxy/running_proxy.h"

using namespace smic::test;
using std::chrono::milliseconds;

namespace {
bool reason_has(const Message& message, const std::string& part) {
  const auto reason = message.header("smic-reason");
  return reason && reason->find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("nobody listening is 503, closing or nonsense is 502, silence is 504") {
  const Message refused = RunningProxy(free_port()).get();
  CHECK(refused.status() == 503);
  CHECK(reason_has(refused, "Connection refused"));

  ScriptedBackend closing([](RawSocket& socket) { socket.receive_request(); });
  const Message closed = RunningProxy(closing.port()).get();
  CHECK(closed.status() == 502);
  CHECK(reason_has(closed, "closed the connection before answering"));

  ScriptedBackend resetting([](RawSocket& socket) {
    socket.receive_request();
    socket.reset();
  });
  CHECK(RunningProxy(resetting.port()).get().status() == 502);

  ScriptedBackend babbling([](RawSocket& socket) {
    socket.receive_request();
    socket.send("SSH-2.0-OpenSSH\r\n\r\n");
    socket.receive_all();
  });
  const Message nonsense = RunningProxy(babbling.port()).get();
  CHECK(nonsense.status() == 502);
  CHECK(reason_has(nonsense, "malformed"));

  ScriptedBackend silent([](RawSocket& socket) { socket.receive_all(); });
  smic::proxy::Options options;
  options.response_timeout = milliseconds(200);
  RunningProxy proxy(silent.port(), options);
  RawSocket client = proxy.client();
  client.send(request());
  const Message late = client.receive_response();
  CHECK(late.status() == 504);
  CHECK(late.complete);
}

TEST_CASE("after an answer of the proxy's own the connection goes on") {
  RunningProxy proxy(free_port());
  RawSocket client = proxy.client();
  for (int i = 0; i < 3; ++i) {
    client.send(request());
    CHECK(client.receive_response().status() == 503);
  }
  client.send(request("/", "", "HEAD"));
  CHECK(client.receive_response(true).status() == 503);
  client.send(request());
  CHECK(client.receive_response().status() == 503);
}

TEST_CASE("ambiguous requests get their status and the connection ends, with no byte passed on") {
  ScriptedBackend backend(ScriptedBackend::answering("never"));
  RunningProxy proxy(backend.port());
  struct Row {
    std::string text;
    int status;
  };
  const Row rows[] = {
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
       "0\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n",
       400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'a') + "\r\n\r\n", 431},
      {"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {std::string("\0\1\2\3\r\n\r\n", 8), 400},
  };
  for (const Row& row : rows) {
    INFO(row.text.substr(0, 60));
    RawSocket client = proxy.client();
    client.send(row.text);
    const Message response = client.receive_response();
    CHECK(response.status() == row.status);
    CHECK(response.header("connection") == std::string("close"));
    client.finish_sending();
    CHECK(client.receive_all().empty());
  }
  CHECK(backend.connections() == 0);
}

TEST_CASE("a body whose chunks make no sense is refused and its connection upstream dropped") {
  ScriptedBackend backend([](RawSocket& socket) { socket.receive_all(); });
  RunningProxy proxy(backend.port());
  RawSocket at_once = proxy.client();
  at_once.send(request("/", "Transfer-Encoding: chunked\r\n", "POST") + "xyz\r\n");
  CHECK(at_once.receive_response().status() == 400);
  RawSocket later = proxy.client();
  later.send(request("/", "Transfer-Encoding: chunked\r\n", "POST") + "5\r\nhello\r\n");
  later.send("zz\r\n");
  const Message response = later.receive_response();
  CHECK(response.status() == 400);
  CHECK(response.header("connection") == std::string("close"));
}

TEST_CASE("a pooled connection that was closed meanwhile costs no request") {
  ScriptedBackend backend([](RawSocket& socket) {
    if (!socket.receive_request().complete) return;
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    socket.receive(1);  // answers once, then closes under the next request
  });
  smic::proxy::Options options;
  options.workers = 1;
  RunningProxy proxy(backend.port(), options);
  RawSocket client = proxy.client();
  for (int i = 0; i < 50; ++i) {
    client.send(request());
    const Message response = client.receive_response();
    REQUIRE(response.status() == 200);
  }
}

TEST_CASE("a POST is not sent twice to a connection that closed under it") {
  std::atomic<int> posts{0};
  ScriptedBackend backend([&](RawSocket& socket) {
    if (!socket.receive_request().complete) return;
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    if (socket.receive_until("\r\n\r\n").starts_with("POST")) ++posts;
  });
  smic::proxy::Options options;
  options.workers = 1;
  RunningProxy proxy(backend.port(), options);
  RawSocket client = proxy.client();
  client.send(request());
  CHECK(client.receive_response().status() == 200);
  client.send(request("/", "Content-Length: 0\r\n", "POST"));
  CHECK(client.receive_response().status() == 502);
  CHECK(posts == 1);
}

TEST_CASE("a response cut short is not taken for a whole one") {
  ScriptedBackend backend([](RawSocket& socket) {
    const Message got = socket.receive_request();
    const bool chunked = got.first_line.find("/chunked") != std::string::npos;
    socket.send(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                        : "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  });
  RunningProxy proxy(backend.port());
  for (const char* path : {"/length", "/chunked"}) {
    const Message response = proxy.get(path);
    CHECK(response.status() == 200);
    CHECK_FALSE(response.complete);
  }
}

TEST_CASE("a client that sends a head too slowly is told, one that sends nothing is let go") {
  ScriptedBackend backend(ScriptedBackend::answering("x"));
  smic::proxy::Options options;
  options.client_header_timeout = milliseconds(200);
  RunningProxy proxy(backend.port(), options);
  RawSocket slow = proxy.client();
  slow.send("GET / HTTP/1.1\r\nHost:");
  CHECK(slow.receive_response().status() == 408);
  RawSocket idle = proxy.client();
  CHECK(idle.receive_all().empty());
  CHECK_FALSE(idle.timed_out());
  // A byte now and then buys no time: the limit is for the whole head.
  RawSocket dripping = proxy.client();
  dripping.send("GET / HTTP/1.1\r\nX: ");
  pollfd answered{dripping.fd(), POLLIN, 0};
  int drops = 0;
  while (drops < 500 && ::poll(&answered, 1, 10) == 0 && dripping.send("x")) ++drops;
  CHECK(drops < 500);
  CHECK(dripping.receive_response().status() == 408);
}

TEST_CASE("a client that goes away in the middle harms nobody else") {
  ScriptedBackend backend(ScriptedBackend::answering(std::string(200'000, 'x')));
  RunningProxy proxy(backend.port());
  for (int i = 0; i < 30; ++i) {
    RawSocket half = proxy.client();
    half.send(request("/", "Content-Length: 1000\r\n", "POST") + "partial");
    if (i % 2 == 0) half.reset();
    RawSocket reader = proxy.client();
    reader.send(request());
    reader.receive(10);
    if (i % 3 == 0) reader.reset();
  }
  CHECK(proxy.get().complete);
}

TEST_CASE("another endpoint is tried when one refuses the connection") {
  ScriptedBackend backend(ScriptedBackend::answering("up"));
  TestUnit unit = unit_to(backend.port());
  unit.backends = {{"shop/web", 1, {free_port(), backend.port()}}};
  RunningProxy proxy({unit});
  for (int i = 0; i < 10; ++i) CHECK(proxy.get().body == "up");
}
