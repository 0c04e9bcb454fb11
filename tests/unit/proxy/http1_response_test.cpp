// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "runtime/proxy/http1.h"

using namespace smic::proxy;

namespace {
ParseResult parse(std::string_view bytes, ResponseHead& head, bool to_head = false) {
  return HeadParser(HeadLimits{}).response(bytes, to_head, head);
}
bool bad(std::string_view bytes) {
  ResponseHead head;
  const ParseResult result = parse(bytes, head);
  return result.status == ParseStatus::bad && result.code == 502;
}
Framing framing(std::string_view bytes, bool to_head = false) {
  ResponseHead head;
  REQUIRE(parse(bytes, head, to_head).status == ParseStatus::done);
  return head.framing;
}
}  // namespace

TEST_CASE("a response head is taken apart") {
  ResponseHead head;
  REQUIRE(parse("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n", head).status ==
          ParseStatus::done);
  CHECK(head.status == 404);
  CHECK(head.reason == "Not Found");
  CHECK(head.framing == Framing{BodyKind::length, 3});
  CHECK(head.keep_alive);
  REQUIRE(parse("HTTP/1.1 200\r\n\r\n", head).status == ParseStatus::done);
  CHECK(head.reason.empty());
}

TEST_CASE("the end of a response's body is known as RFC 9112 says") {
  const Framing none{};
  CHECK(framing("HTTP/1.1 200 OK\r\n\r\n") == Framing{BodyKind::until_close, 0});
  CHECK(framing("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == none);
  CHECK(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        Framing{BodyKind::chunked, 0});
  CHECK(framing("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true) == none);
  CHECK(framing("HTTP/1.1 204 No Content\r\n\r\n") == none);
  CHECK(framing("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n") == none);
  CHECK(framing("HTTP/1.1 100 Continue\r\n\r\n") == none);
}

TEST_CASE("a response that can be read in two ways is a bad gateway") {
  CHECK(bad("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"));
  CHECK(bad("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"));
  CHECK(bad("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"));
  CHECK(bad("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  CHECK(bad("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"));
  CHECK(bad("HTTP/1.1 200 OK\nA: b\n\n"));
  CHECK(bad("HTTP/1.1 20 OK\r\n\r\n"));
  CHECK(bad("HTTP/1.1 099 OK\r\n\r\n"));
  CHECK(bad("HTTP/1.1 2000 OK\r\n\r\n"));
  CHECK(bad("HTTP/2.0 200 OK\r\n\r\n"));
  CHECK(bad("hello\r\n\r\n"));
}
