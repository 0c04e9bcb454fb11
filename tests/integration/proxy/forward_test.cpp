// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/integration/proxy/running_proxy.h"

using namespace smic::test;

namespace {

// Answers with the request head it got as the body.
void mirror(RawSocket& socket) {
  for (;;) {
    const Message got = socket.receive_request();
    if (!got.complete) return;
    const std::string body = got.head + "\n" + got.body + "\n" + got.trailers;
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                body);
  }
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a request goes to the backend and its response comes back") {
  ScriptedBackend backend(ScriptedBackend::answering("hello"));
  RunningProxy proxy(backend.port());
  const Message response = proxy.get();
  CHECK(response.status() == 200);
  CHECK(response.body == "hello");
  CHECK(response.complete);
}

TEST_CASE("the head is passed on as received, but for what belongs to one hop") {
  ScriptedBackend backend(mirror);
  RunningProxy proxy(backend.port());
  const Message response =
      proxy.get("/a/../b%2f?q#f",
                "X-First: 1\r\nConnection: keep-alive, X-Secret\r\nX-Secret: s\r\nKeep-Alive: 5\r\n"
                "Proxy-Connection: x\r\nX-Forwarded-For: 10.0.0.1\r\nTE: trailers, gzip\r\n"
                "Upgrade: h2c\r\nHTTP2-Settings: AAAA\r\nX-Last:  2 \r\n");
  INFO(response.body);
  CHECK(has(response.body, "GET /a/../b%2f?q#f HTTP/1.1\r\nHost: web.shop.mesh\r\nX-First: 1\r\n"));
  CHECK(has(response.body, "X-Last:  2 \r\n"));
  CHECK(has(response.body, "X-Forwarded-For: 10.0.0.1, 127.0.0.1\r\n"));
  CHECK(has(response.body, "X-Forwarded-Proto: http\r\n"));
  CHECK(has(response.body, "TE: trailers\r\nConnection: TE\r\n"));
  for (const char* dropped :
       {"X-Secret", "Keep-Alive", "Proxy-Connection", "h2c", "HTTP2", "gzip"}) {
    CHECK_FALSE(has(response.body, dropped));
  }
}

TEST_CASE("an absolute-form target becomes a path and its Host") {
  ScriptedBackend backend(mirror);
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send("GET http://other.shop.mesh/x?y HTTP/1.1\r\nHost: wrong\r\n\r\n");
  const std::string body = client.receive_response().body;
  CHECK(has(body, "GET /x?y HTTP/1.1\r\nHost: other.shop.mesh\r\n"));
  CHECK_FALSE(has(body, "wrong"));
}

TEST_CASE("pipelined requests are answered in order, on one connection") {
  ScriptedBackend backend(mirror);
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  std::string all;
  for (int i = 0; i < 50; ++i) all += request("/" + std::to_string(i));
  REQUIRE(client.send(all));
  for (int i = 0; i < 50; ++i) {
    const Message response = client.receive_response();
    REQUIRE(response.complete);
    REQUIRE(has(response.body, "GET /" + std::to_string(i) + " HTTP"));
  }
}

TEST_CASE("connections to a backend are kept and used again") {
  ScriptedBackend backend(mirror);
  smic::proxy::Options options;
  options.workers = 1;
  RunningProxy proxy(backend.port(), options);
  for (int i = 0; i < 20; ++i) REQUIRE(proxy.get().status() == 200);
  CHECK(backend.connections() == 1);
}

TEST_CASE("bodies by length and in chunks arrive whole, with trailers") {
  ScriptedBackend backend(mirror);
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send(request("/", "Content-Length: 5\r\n", "POST") + "hello");
  CHECK(has(client.receive_response().body, "\n\nhello\n"));
  client.send(request("/", "Transfer-Encoding: chunked\r\n", "POST") +
              "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX-Sum: 9\r\nHost: evil\r\n\r\n" + request("/next"));
  const Message chunked = client.receive_response();
  INFO(chunked.body);
  CHECK(has(chunked.body, "\n\nhello\nX-Sum: 9\r\n"));
  CHECK_FALSE(has(chunked.body, "evil"));
  CHECK(has(client.receive_response().body, "GET /next"));
}

TEST_CASE("a chunked response is framed anew, with its trailers, or unframed for HTTP/1.0") {
  ScriptedBackend backend([](RawSocket& socket) {
    while (socket.receive_request().complete) {
      socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n");
      socket.send("2\r\nde\r\n0\r\nX-T: 1\r\n\r\n");
    }
  });
  RunningProxy proxy(backend.port());
  const Message response = proxy.get();
  CHECK(response.body == "abcde");
  CHECK(response.trailers == "X-T: 1\r\n");
  RawSocket old = proxy.client();
  old.send("GET / HTTP/1.0\r\n\r\n");
  const Message plain = old.receive_response();
  CHECK_FALSE(plain.header("transfer-encoding").has_value());
  CHECK(plain.header("connection") == std::string("close"));
  CHECK(plain.body == "abcde");
}

TEST_CASE("a response until close is chunked for HTTP/1.1, so that the client's connection lives") {
  ScriptedBackend backend([](RawSocket& socket) {
    socket.receive_request();
    socket.send("HTTP/1.1 200 OK\r\n\r\nsome");
    socket.send(" bytes");
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  for (int i = 0; i < 3; ++i) {
    client.send(request());
    const Message response = client.receive_response();
    CHECK(response.body == "some bytes");
    CHECK(response.header("transfer-encoding") == std::string("chunked"));
  }
}

TEST_CASE("HEAD, 204 and 304 have no body whatever their headers say") {
  ScriptedBackend backend([](RawSocket& socket) {
    for (;;) {
      const Message got = socket.receive_request();
      if (!got.complete) return;
      if (has(got.first_line, "/204")) {
        socket.send("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
      } else if (has(got.first_line, "/304")) {
        socket.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
      } else {
        socket.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
      }
    }
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send(request("/", "", "HEAD"));
  const Message head = client.receive_response(true);
  CHECK(head.status() == 200);
  CHECK(head.header("content-length") == std::string("9"));
  client.send(request("/204"));
  const Message none = client.receive_response();
  CHECK(none.status() == 204);
  CHECK_FALSE(none.header("content-length").has_value());
  client.send(request("/304"));
  CHECK(client.receive_response().status() == 304);
  CHECK(backend.connections() == 1);
}

TEST_CASE("100-continue travels both ways before the body") {
  ScriptedBackend backend([](RawSocket& socket) {
    const std::string head = socket.receive_until("\r\n\r\n");
    CHECK(has(head, "Expect: 100-continue"));
    socket.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    CHECK(socket.receive_exactly(5) == "hello");
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    socket.receive_all();
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send(request("/", "Content-Length: 5\r\nExpect: 100-continue\r\n", "PUT"));
  CHECK(client.receive_response().status() == 103);
  CHECK(client.receive_response().status() == 100);
  client.send("hello");
  CHECK(client.receive_response().body == "ok");
}

TEST_CASE("an expectation that the backend refuses ends the connection, not the answer") {
  ScriptedBackend backend([](RawSocket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno");
    socket.receive_all();
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send(request("/", "Content-Length: 5\r\nExpect: 100-continue\r\n", "PUT"));
  const Message response = client.receive_response();
  CHECK(response.status() == 417);
  CHECK(response.body == "no");
  CHECK(response.header("connection") == std::string("close"));
  client.finish_sending();
  CHECK(client.receive_all().empty());
}

TEST_CASE("an upgrade becomes a tunnel with half-close both ways") {
  ScriptedBackend backend([](RawSocket& socket) {
    const std::string head = socket.receive_until("\r\n\r\n");
    CHECK(has(head, "Upgrade: websocket\r\n"));
    CHECK(has(head, "Connection: upgrade\r\n"));
    socket.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        "early");
    for (std::string got; !(got = socket.receive()).empty();) socket.send(got);
    socket.send("bye");
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send(request("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + "first");
  const Message response = client.receive_response();
  CHECK(response.status() == 101);
  CHECK(response.header("upgrade") == std::string("websocket"));
  CHECK(client.receive_exactly(5) == "early");
  CHECK(client.receive_exactly(5) == "first");
  const std::string big(1 << 20, 'w');
  std::thread sender([&] { client.send(big); });
  CHECK(client.receive_exactly(big.size()) == big);
  sender.join();
  client.finish_sending();
  CHECK(client.receive_all() == "bye");
}

TEST_CASE("an upgrade that the backend declines is an ordinary exchange") {
  ScriptedBackend backend(ScriptedBackend::answering("plain"));
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  for (int i = 0; i < 2; ++i) {
    client.send(request("/", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    CHECK(client.receive_response().body == "plain");
  }
}

TEST_CASE("HTTP/1.0 connections end unless they ask to be kept") {
  ScriptedBackend backend(ScriptedBackend::answering("hi"));
  RunningProxy proxy(backend.port());
  RawSocket kept = proxy.client();
  for (int i = 0; i < 2; ++i) {
    kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const Message response = kept.receive_response();
    CHECK(response.body == "hi");
    CHECK(response.header("connection") == std::string("keep-alive"));
  }
  RawSocket once = proxy.client();
  once.send("GET / HTTP/1.0\r\n\r\n");
  CHECK(once.receive_response().body == "hi");
  CHECK(once.receive_all().empty());
  CHECK_FALSE(once.timed_out());
}

TEST_CASE("a split is fair to within one in a thousand") {
  ScriptedBackend v1(ScriptedBackend::answering("v1"));
  ScriptedBackend v2(ScriptedBackend::answering("v2"));
  TestUnit unit = unit_to(v1.port());
  unit.backends = {{"shop/v1", 9, {v1.port()}}, {"shop/v2", 1, {v2.port()}}};
  unit.program = program_of(nullptr, [](std::uint32_t, std::uint64_t entropy) -> std::uint32_t {
    return entropy < (~std::uint64_t{0} / 10) * 9 ? 0 : 1;
  });
  smic::proxy::Options options;
  options.workers = 1;
  RunningProxy proxy({unit}, options);
  RawSocket client = proxy.client();
  int first = 0;
  for (int i = 0; i < 1000; ++i) {
    client.send(request());
    first += client.receive_response().body == "v1" ? 1 : 0;
  }
  CHECK(first >= 899);
  CHECK(first <= 901);
}

TEST_CASE("the endpoints of a backend take turns") {
  ScriptedBackend a(ScriptedBackend::answering("a"));
  ScriptedBackend b(ScriptedBackend::answering("b"));
  TestUnit unit = unit_to(a.port());
  unit.backends = {{"shop/web", 1, {a.port(), b.port()}}};
  smic::proxy::Options options;
  options.workers = 1;
  RunningProxy proxy({unit}, options);
  RawSocket client = proxy.client();
  std::string answers;
  for (int i = 0; i < 10; ++i) {
    client.send(request());
    answers += client.receive_response().body;
  }
  CHECK((answers == "ababababab" || answers == "bababababa"));
}
