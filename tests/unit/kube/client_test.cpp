// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <thread>

#include "tests/unit/kube/scripted_api.h"
#include "tests/unit/source/temporary_directory.h"

using namespace smic;
using namespace smic::kube;
using test::answer;
using test::ScriptedApi;
using test::ScriptedBackend;

namespace {

const Resource kServices{"", "v1", "services"};
const Shape kShape{"v1", "Service", {"spec"}};

std::string names_of(const std::vector<Object>& objects) {
  std::string names;
  for (const Object& object : objects) names += object.name + ' ';
  return names;
}

// What a client sees of a server that answers every request so, and then closes.
Fault fault_of(const std::string& text) {
  ScriptedBackend backend([&](test::RawSocket& socket) {
    socket.receive_request();
    socket.send(text);
  });
  Config config{.host = "127.0.0.1", .port = backend.port(), .tls = false};
  const Stop stop;
  Client client(config, stop);
  const auto got = client.get("/x");
  REQUIRE_FALSE(got.has_value());
  return got.error().fault;
}

}  // namespace

TEST_CASE("requests share a connection while the server keeps it") {
  ScriptedApi api({{"GET /a", answer(200, "one")},
                   {"GET /b", answer(200, "two"), true},
                   {"GET /c", answer(200, "three")}});
  const Stop stop;
  Client client(api.config(), stop);
  CHECK(client.get("/a").value() == "one");
  CHECK(client.get("/b").value() == "two");
  CHECK(client.get("/c").value() == "three");
  CHECK(api.finish() == "");
}

TEST_CASE("a list is asked for page by page") {
  ScriptedApi api(
      {{"GET /api/v1/services?limit=2 ",
        answer(200, test::list_of("9", {test::thing("a", "1", "x"), test::thing("b", "2", "x")},
                                  "to/ken"))},
       {"GET /api/v1/services?limit=2&continue=to%2Fken ",
        answer(200, test::list_of("9", {test::thing("c", "3", "x")}))}});
  const Stop stop;
  Client client(api.config(), stop);
  std::string names;
  const auto version = client.list(
      kServices, 2, kShape, [&](std::vector<Object> objects) { names += names_of(objects) + '|'; });
  CHECK(version.value() == "9");
  CHECK(names == "a b |c |");
  CHECK(api.finish() == "");
}

TEST_CASE("the token is read for every request, and only a token is sent") {
  const test::TemporaryDirectory directory;
  directory.write("token", "first\n");
  ScriptedApi api({{"GET /a Authorization: Bearer first", answer(200, "")},
                   {"GET /b Authorization: Bearer second", answer(200, "")}});
  const Stop stop;
  Config config = api.config();
  config.token.file = (directory / "token").string();
  Client client(config, stop);
  CHECK(client.get("/a").has_value());
  directory.write("token", "second");
  CHECK(client.get("/b").has_value());
  CHECK(api.finish() == "");
  directory.write("token", "a\r\nX-Remote-User: admin");
  CHECK(client.get("/c").error().fault == Fault::unauthorized);
}

TEST_CASE("writes say what they are") {
  ScriptedApi api(
      {{"POST /p Content-Type: application/json", answer(201, "")},
       {"PUT /p/a", answer(409, test::failure(409, "Conflict", "modified"))},
       {"PATCH /p/a Content-Type: application/merge-patch+json", answer(200, "")},
       {"PATCH /p/a Content-Type: application/json-patch+json", answer(200, "")},
       {"PATCH /p/a?fieldManager=smic&force=true application/apply-patch+yaml", answer(200, "")},
       {"DELETE /p/a", answer(404, "")}});
  const Stop stop;
  Client client(api.config(), stop);
  CHECK(client.create("/p", "{}").has_value());
  CHECK(client.replace("/p/a", "{}").error().fault == Fault::conflict);
  CHECK(client.patch("/p/a", PatchType::merge, "{}").has_value());
  CHECK(client.patch("/p/a", PatchType::json, "[]").has_value());
  CHECK(client.apply("/p/a", "{}", {.force = true}).has_value());
  CHECK(client.remove("/p/a").error().fault == Fault::not_found);
  CHECK(api.finish() == "");
  CHECK(api.requests()[0].body == "{}");
}

TEST_CASE("lines of a watch come one by one, however the network cuts them") {
  ScriptedApi api({{"GET /api/v1/services?watch=1&allowWatchBookmarks=true&resourceVersion=5",
                    test::watch_of({"first line", "second", "third"})}});
  const Stop stop;
  Client client(api.config(), stop);
  std::vector<std::string> lines;
  const auto ended = client.watch(kServices, "5", std::chrono::seconds(60), [&](auto line) {
    lines.emplace_back(line);
    return ApiResult<void>{};
  });
  CHECK(ended.has_value());
  CHECK(lines == std::vector<std::string>{"first line", "second", "third"});
}

TEST_CASE("what has no end is given up at its limit") {
  std::string status = "200";
  const std::string piece = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  ScriptedBackend backend([&](test::RawSocket& socket) {
    socket.receive_request();
    socket.send("HTTP/1.1 " + status + " X\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (socket.send(piece)) {
    }
  });
  const Stop stop;
  Client client({.host = "127.0.0.1", .port = backend.port(), .tls = false}, stop);
  SECTION("an event") {
    const auto ended = client.watch(kServices, "5", std::chrono::seconds(60),
                                    [](auto) { return ApiResult<void>{}; });
    CHECK(ended.error().fault == Fault::unreadable);
    CHECK(ended.error().message.contains(std::to_string(kMaxEventBytes)));
  }
  SECTION("an answer") {
    const auto got = client.get("/a");
    CHECK(got.error().fault == Fault::unreadable);
    CHECK(got.error().message.contains(std::to_string(kMaxAnswerBytes)));
  }
  SECTION("the reason of a refusal, which stays what it is") {
    status = "403";
    CHECK(client.get("/a").error().fault == Fault::forbidden);
  }
}

TEST_CASE("a list that leads in circles is given up") {
  const std::string page = answer(200, test::list_of("9", {}, "again"));
  ScriptedApi api({{"limit=2", page}, {"continue=again", page}});
  const Stop stop;
  Client client(api.config(), stop);
  CHECK(client.list(kServices, 2, kShape, [](auto) {}).error().fault == Fault::unreadable);
}

TEST_CASE("answers that break off or are no HTTP are told apart") {
  CHECK(fault_of("") == Fault::unreachable);
  CHECK(fault_of("HTTP/1.1 200 OK\r\nContent-Le") == Fault::unreachable);
  CHECK(fault_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") == Fault::unreachable);
  CHECK(fault_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha") ==
        Fault::unreachable);
  CHECK(fault_of("SSH-2.0-OpenSSH\r\n\r\n") == Fault::unreadable);
  CHECK(fault_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") ==
        Fault::unreadable);
  CHECK(fault_of("HTTP/1.1 200 OK\r\nA: " + std::string(HttpConnection::kMaxHeadBytes, 'a') +
                 "\r\n\r\n") == Fault::unreadable);
}

TEST_CASE("a server that asks to wait says so in a header, too") {
  ScriptedApi api({{"GET /a", answer(429, "busy", "Retry-After: 3\r\n")},
                   {"GET /a", answer(503, "", "Retry-After: soon\r\n")}});
  const Stop stop;
  Client client(api.config(), stop);
  CHECK(client.get("/a").error().retry_after == std::chrono::seconds(3));
  CHECK_FALSE(client.get("/a").error().retry_after.has_value());
}

TEST_CASE("silence ends at the deadline, and every wait ends at a stop") {
  ScriptedApi api({});
  Stop stop;
  Client quick(api.config(), stop, {.answer = std::chrono::milliseconds(30)});
  CHECK(quick.get("/a").error().fault == Fault::timed_out);
  Client slow(api.config(), stop);
  std::thread stopper([&] { stop.stop(); });
  CHECK(slow.get("/a").error().fault == Fault::stopped);
  stopper.join();
  CHECK(slow.get("/a").error().fault == Fault::stopped);
}

TEST_CASE("nobody there is unreachable") {
  const Stop stop;
  Client client({.host = "127.0.0.1", .port = test::free_port(), .tls = false}, stop);
  const auto got = client.get("/a");
  CHECK(got.error().fault == Fault::unreachable);
  CHECK(got.error().message.contains("Connection refused"));
}
