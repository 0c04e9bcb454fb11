// SPDX-License-Identifier: Apache-2.0
// The server by its plain address, with bytes as a client may send them. TLS: tls_test.cpp.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "controller/api/api.h"
#include "tests/support/raw_socket.h"

using namespace smic;
using namespace smic::api;
using namespace std::chrono_literals;

namespace {

// Set by one thread, waited for by another; a test that waits in vain fails.
class Flag {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

Route route(std::string path, Handler handle) {
  Route made;
  made.path = std::move(path);
  made.offered = Offered::plain;
  made.methods = {"GET", "POST"};
  made.handle = std::move(handle);
  return made;
}

Route echo() {
  return route("/echo", [](const Request& request) {
    Response response;
    response.type = "text/plain";
    response.body = request.method + ' ' + request.query + ' ' + request.body;
    return response;
  });
}

Route streaming(StreamHandler handler) {
  Route made;
  made.path = "/stream";
  made.offered = Offered::plain;
  made.stream = std::move(handler);
  return made;
}

struct Running {
  explicit Running(std::vector<Route> routes, ServerOptions options = {}) {
    options.plain = "127.0.0.1:0";
    auto started = Server::start(options, std::move(routes));
    REQUIRE(started);
    server = std::move(*started);
    const std::string address = server->plain_address();
    port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  test::RawSocket connect() const { return test::RawSocket::connect("127.0.0.1", port); }
  test::Message ask(const std::string& bytes) const {
    auto socket = connect();
    socket.send(bytes);
    return socket.receive_response();
  }

  bool all_gone() const {  // at last
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (server->figures().connections > 0) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }

  std::unique_ptr<Server> server;
  std::uint16_t port = 0;
};

std::string post(const std::string& body, const std::string& more = "") {
  return "POST /echo?a=b HTTP/1.1\r\nHost: x\r\n" + more +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("requests of one connection are answered one after the other") {
  Running running({echo()});
  auto socket = running.connect();
  socket.send(post("one") + post("two"));
  CHECK(socket.receive_response().body == "POST a=b one");
  CHECK(socket.receive_response().body == "POST a=b two");
  socket.send("GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto last = socket.receive_response();
  CHECK(last.body == "GET  ");
  CHECK(last.header("connection") == "close");
  CHECK(socket.receive().empty());
  const auto figures = running.server->figures();
  CHECK(figures.answered.at({"/echo", 200}).requests == 3);
}

TEST_CASE("a chunked body is read whole, and an asker for permission gets it") {
  Running running({echo()});
  CHECK(running
            .ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            .body == "POST  abcde");
  auto socket = running.connect();
  const std::string request = post("body", "Expect: 100-continue\r\n");
  socket.send(request.substr(0, request.size() - 4));
  CHECK(socket.receive_until("\r\n\r\n").starts_with("HTTP/1.1 100"));
  socket.send("body");
  CHECK(socket.receive_response().body == "POST a=b body");
}

TEST_CASE("HEAD has the head of GET, and no body") {
  Running running({echo()});
  auto socket = running.connect();
  socket.send("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = socket.receive_response(true);
  CHECK(head.status() == 200);
  CHECK(head.header("content-length") == "5");
  CHECK(socket.receive_response().body == "GET  ");
}

TEST_CASE("what is not offered is refused with a Status") {
  Running running({echo()});
  const auto missing = running.ask("GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(missing.status() == 404);
  CHECK(missing.body.find(R"("kind":"Status")") != std::string::npos);
  const auto method = running.ask("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  CHECK(method.status() == 405);
  CHECK(method.header("allow") == "GET, POST");
  CHECK(running.ask("GET echo HTTP/1.1\r\nHost: x\r\n\r\n").status() == 400);
  CHECK(running.ask("nonsense\r\n\r\n").status() == 400);
  CHECK(running.ask("GET /echo HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n").status() == 400);
}

TEST_CASE("heads and bodies are bounded") {
  ServerOptions options;
  options.max_head = 1000;
  Route limited = echo();
  limited.max_body = 10;
  Running running({limited}, options);
  CHECK(running.ask(post("0123456789")).status() == 200);
  CHECK(running.ask(post("01234567890")).status() == 413);
  CHECK(running
            .ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "b\r\n01234567890\r\n0\r\n\r\n")
            .status() == 413);
  CHECK(running.ask(post("", "X: " + std::string(2000, 'x') + "\r\n")).status() == 431);
}

TEST_CASE("bodies of all requests together are bounded") {
  ServerOptions options;
  options.max_bodies = 15;
  Flag begun, go_on;
  Running running({echo(), route("/wait",
                                 [&](const Request&) {
                                   begun.set();
                                   CHECK(go_on.wait());
                                   return Response{};
                                 })},
                  options);
  auto first = running.connect();
  first.send("POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789");
  REQUIRE(begun.wait());
  CHECK(running.ask(post("0123456789")).status() == 503);
  CHECK(running.ask(post("01234")).status() == 200);
  go_on.set();
  CHECK(first.receive_response().status() == 200);
  CHECK(running.ask(post("0123456789")).status() == 200);
}

TEST_CASE("who is slow with a head is cut off; who is idle may stay longer") {
  ServerOptions options;
  options.head_time = 150ms;
  Running running({echo()}, options);
  auto slow = running.connect();
  slow.send("GET /echo HTT");
  CHECK(slow.receive_all().empty());
  CHECK_FALSE(slow.timed_out());
  auto idle = running.connect();
  idle.send(post("a"));
  CHECK(idle.receive_response().status() == 200);
  std::this_thread::sleep_for(400ms);  // longer than a head may take
  idle.send(post("b"));
  CHECK(idle.receive_response().body == "POST a=b b");
}

TEST_CASE("at the limit the connection idle for longest gives way") {
  ServerOptions options;
  options.max_connections = 2;
  Running running({echo()}, options);
  auto first = running.connect();
  first.send(post("a"));
  CHECK(first.receive_response().status() == 200);
  auto second = running.connect();
  second.send(post("b"));
  CHECK(second.receive_response().status() == 200);
  auto third = running.connect();
  third.send(post("c"));
  CHECK(third.receive_response().body == "POST a=b c");
  CHECK(first.receive().empty());
  second.send(post("d"));
  CHECK(second.receive_response().body == "POST a=b d");
}

TEST_CASE("a stream is written from any thread and ends when it is told to") {
  std::shared_ptr<Stream> kept;
  Flag opened;
  Running running({streaming(
      [&](const Request&, std::shared_ptr<Stream> stream) -> std::expected<StreamHead, Response> {
        stream->write("first ");
        kept = std::move(stream);
        opened.set();
        return StreamHead{"text/plain", {{"X-Version", "7"}}};
      })});
  auto socket = running.connect();
  socket.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(opened.wait());
  CHECK(socket.receive_until("first ").ends_with("first "));
  for (int i = 0; i < 100; ++i) CHECK(kept->write("x"));
  kept->end();
  CHECK_FALSE(kept->write("late"));
  std::string rest = socket.receive_all();
  CHECK(rest.ends_with("0\r\n\r\n"));
  CHECK(std::ranges::count(rest, 'x') == 100);
  CHECK(running.server->figures().answered.at({"/stream", 200}).requests == 1);
}

TEST_CASE("a connection whose stream has ended goes soon, also if its client stays") {
  std::shared_ptr<Stream> kept;
  Flag opened;
  Running running({streaming(
      [&](const Request&, std::shared_ptr<Stream> stream) -> std::expected<StreamHead, Response> {
        kept = std::move(stream);
        opened.set();
        return StreamHead{};
      })});
  auto socket = running.connect();
  socket.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(opened.wait());
  kept->end();
  CHECK(socket.receive_until("0\r\n\r\n").ends_with("0\r\n\r\n"));
  CHECK(running.all_gone());
}

TEST_CASE("a stream may be refused") {
  Running running({streaming(
      [](const Request&, std::shared_ptr<Stream>) -> std::expected<StreamHead, Response> {
        return std::unexpected(status_response(401, "Unauthorized", "who are you?"));
      })});
  auto socket = running.connect();
  for (int i = 0; i < 2; ++i) {
    socket.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(socket.receive_response().status() == 401);
  }
}

TEST_CASE("a writer is told when its client goes, or takes nothing") {
  std::shared_ptr<Stream> kept;
  Flag opened, gone;
  Route limited = streaming(
      [&](const Request&, std::shared_ptr<Stream> stream) -> std::expected<StreamHead, Response> {
        stream->on_gone([&] { gone.set(); });
        kept = std::move(stream);
        opened.set();
        return StreamHead{};
      });
  limited.max_waiting = 1 << 16;
  Running running({limited});
  auto socket = running.connect();
  socket.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(opened.wait());
  SECTION("it closes") {
    socket.receive_until("\r\n\r\n");
    socket.close();
    CHECK(gone.wait());
  }
  SECTION("it does not read") {
    const std::string piece(1 << 15, 'x');
    int written = 0;
    while (written < 10'000 && kept->write(piece)) ++written;
    CHECK(written < 10'000);  // the kernel's buffers hold some, then ours
    CHECK(gone.wait());
  }
  CHECK(kept->gone());
  CHECK_FALSE(kept->write("more"));
}

TEST_CASE("a server that stops lets requests finish, and streams end") {
  std::shared_ptr<Stream> kept;
  Flag begun, opened;
  Running running(
      {route("/slow",
             [&](const Request&) {
               begun.set();
               std::this_thread::sleep_for(100ms);  // the work that stop() waits for
               return Response{200, "text/plain", "done"};
             }),
       streaming([&](const Request&,
                     std::shared_ptr<Stream> stream) -> std::expected<StreamHead, Response> {
         kept = std::move(stream);
         opened.set();
         return StreamHead{};
       })});
  auto stream = running.connect(), slow = running.connect(), idle = running.connect();
  stream.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  REQUIRE(begun.wait());
  REQUIRE(opened.wait());
  std::thread reader([&] { CHECK(stream.receive_all().ends_with("0\r\n\r\n")); });
  running.server->stop(20s);
  reader.join();
  CHECK(slow.receive_response().body == "done");
  CHECK_FALSE(running.connect().send("x"));
  CHECK(kept->gone());
}

TEST_CASE("a server that is not given time cuts off what it does") {
  std::shared_ptr<Stream> kept;
  Flag opened, gone;
  {
    Running running({streaming(
        [&](const Request&, std::shared_ptr<Stream> stream) -> std::expected<StreamHead, Response> {
          stream->on_gone([&] { gone.set(); });
          kept = std::move(stream);
          opened.set();
          return StreamHead{};
        })});
    auto socket = running.connect();
    socket.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(opened.wait());
  }
  CHECK(gone.wait());
  CHECK_FALSE(kept->write("nobody is there"));
}

TEST_CASE("an address that cannot be had is an error") {
  ServerOptions options;
  options.plain = "127.0.0.1";
  CHECK(Server::start(options, {}).error().message == "`127.0.0.1` is not ADDRESS:PORT");
  Running running({echo()});
  options.plain = running.server->plain_address();
  CHECK_FALSE(Server::start(options, {}));
}
