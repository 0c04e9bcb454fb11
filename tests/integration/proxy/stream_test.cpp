// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "tests/integration/proxy/running_proxy.h"

using namespace smic::test;

namespace {

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// AddressSanitizer keeps what is freed, so that memory says nothing there.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr std::size_t kBig = 100 * 1024 * 1024;
constexpr std::size_t kBlock = 256 * 1024;

}  // namespace

TEST_CASE("a hundred megabytes stream to a slow reader in bounded memory") {
  ScriptedBackend backend([](RawSocket& socket) {
    socket.receive_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBig) + "\r\n\r\n");
    const std::string block(kBlock, 'b');
    for (std::size_t sent = 0; sent < kBig; sent += kBlock) {
      if (!socket.send(block)) return;
    }
    socket.receive_all();
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send(request());
  client.receive_until("\r\n\r\n");
  const std::size_t before = resident_bytes();
  std::size_t received = 0, most = 0;
  while (received < kBig) {
    const std::string got = client.receive();
    if (got.empty()) break;
    received += got.size();
    if (received % (16 * kBlock) < got.size()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));  // slow: buffers fill up meanwhile
      most = std::max(most, resident_bytes());
    }
  }
  CHECK(received == kBig);
  if (!kSanitized) CHECK(most < before + 16 * 1024 * 1024);
}

TEST_CASE("a large request body streams by length and in chunks") {
  ScriptedBackend backend([](RawSocket& socket) {
    for (;;) {
      const Message got = socket.receive_request();
      if (!got.complete) return;
      const std::string size = std::to_string(got.body.size());
      socket.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size.size()) + "\r\n\r\n" +
                  size);
    }
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  const std::string body(10 * 1024 * 1024, 'r');
  client.send(request("/", "Content-Length: " + std::to_string(body.size()) + "\r\n", "PUT"));
  client.send(body);
  CHECK(client.receive_response().body == std::to_string(body.size()));
  client.send(request("/", "Transfer-Encoding: chunked\r\n", "PUT"));
  for (int i = 0; i < 1000; ++i) client.send("400\r\n" + std::string(1024, 'c') + "\r\n");
  client.send("0\r\n\r\n");
  CHECK(client.receive_response().body == std::to_string(1000 * 1024));
  std::string tiny;
  for (int i = 0; i < 20'000; ++i) tiny += "1\r\nx\r\n";
  client.send(request("/", "Transfer-Encoding: chunked\r\n", "PUT") + tiny + "0\r\n\r\n");
  CHECK(client.receive_response().body == "20000");
}

TEST_CASE("request and response bodies flow at the same time") {
  ScriptedBackend backend([](RawSocket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; ++i) {  // says each piece back before the next is sent
      const std::string got = socket.receive_exactly(10);
      socket.send("a\r\n" + got + "\r\n");
    }
    socket.send("0\r\n\r\n");
    socket.receive_all();
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send(request("/", "Content-Length: 1000\r\n", "POST"));
  client.receive_until("\r\n\r\n");
  for (int i = 0; i < 100; ++i) {
    const std::string piece(10, static_cast<char>('a' + i % 26));
    client.send(piece);
    REQUIRE(client.receive_until("\r\n") == "a\r\n");
    REQUIRE(client.receive_exactly(12) == piece + "\r\n");
  }
  CHECK(client.receive_until("0\r\n\r\n") == "0\r\n\r\n");
}

TEST_CASE("a response that comes while the request is still being sent reaches the client") {
  ScriptedBackend backend([](RawSocket& socket) {
    socket.receive_until("\r\n\r\n");
    socket.send(
        "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    socket.finish_sending();
    socket.receive(1000);
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send(request("/", "Content-Length: 1000000000\r\n", "POST"));
  std::thread sender([&] {
    const std::string block(kBlock, 'x');
    for (int i = 0; i < 8 && client.send(block); ++i) {
    }
  });
  const Message response = client.receive_response();
  sender.join();
  CHECK(response.status() == 413);
  CHECK(response.body == "big");
  CHECK(response.header("connection") == std::string("close"));
}
