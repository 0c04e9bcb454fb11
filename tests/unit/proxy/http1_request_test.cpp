// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <deque>

#include "runtime/proxy/http1.h"

using namespace smic::proxy;

namespace {

struct Parsed {
  ParseResult result;
  RequestHead head;
};

Parsed parse(std::string_view bytes, HeadLimits limits = {}) {
  Parsed parsed;
  parsed.result = HeadParser(limits).request(bytes, parsed.head);
  return parsed;
}

int refusal(std::string_view bytes, HeadLimits limits = {}) {
  const Parsed parsed = parse(bytes, limits);
  return parsed.result.status == ParseStatus::bad ? parsed.result.code : 0;
}

std::string with(std::string_view fields, std::string_view line = "POST / HTTP/1.1") {
  return std::string(line) + "\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

}  // namespace

TEST_CASE("a request head is taken apart without copying") {
  const std::string text =
      "GET /a/b?q=1 HTTP/1.1\r\nHost: web.shop.mesh:80\r\nUser-Agent:\t curl \r\nX:\r\n\r\nrest";
  const Parsed p = parse(text);
  REQUIRE(p.result.status == ParseStatus::done);
  CHECK(p.head.size == text.size() - 4);
  CHECK(p.head.method == "GET");
  CHECK(p.head.method_id == smic::contract::Method::kGet);
  CHECK(p.head.target == "/a/b?q=1");
  CHECK(p.head.path == "/a/b");
  CHECK(p.head.authority == "web.shop.mesh:80");
  REQUIRE(p.head.fields.size() == 3);
  CHECK(p.head.fields[1].name == "User-Agent");
  CHECK(p.head.fields[1].value == "curl");
  CHECK(p.head.fields[2].value.empty());
  CHECK(p.head.fields[2].line == "X:\r\n");
  CHECK(p.head.keep_alive);
  CHECK(p.head.framing == Framing{});
}

TEST_CASE("a head that comes byte by byte is understood at its last byte and not before") {
  const std::string text = with("A: b\r\nContent-Length: 5\r\n");
  HeadParser parser{HeadLimits{}};
  RequestHead head;
  for (std::size_t n = 0; n < text.size(); ++n) {
    REQUIRE(parser.request(std::string_view(text).substr(0, n), head).status ==
            ParseStatus::need_more);
  }
  CHECK(parser.request(text, head).status == ParseStatus::done);
  CHECK(head.framing == Framing{BodyKind::length, 5});
}

TEST_CASE("ways to say the target") {
  std::deque<std::string> texts;  // what the views below point into
  const auto target = [&](std::string_view line) {
    return parse(texts.emplace_back(with("", line)));
  };
  CHECK(target("GET /?a/b HTTP/1.1").head.path == "/");
  CHECK(target("GET /x#f?g HTTP/1.1").head.path == "/x");
  const Parsed absolute = target("GET HTTP://other:81/p/q?r HTTP/1.1");
  CHECK(absolute.head.authority == "other:81");
  CHECK(absolute.head.forward == "/p/q?r");
  CHECK(absolute.head.path == "/p/q");
  CHECK(absolute.head.absolute_form);
  const Parsed bare = target("GET http://other?r HTTP/1.1");
  CHECK(bare.head.forward == "?r");
  CHECK(bare.head.path == "/");
  CHECK(target("OPTIONS * HTTP/1.1").head.path == "*");
  CHECK(refusal(with("", "GET * HTTP/1.1")) == 400);
  CHECK(refusal(with("", "GET foo HTTP/1.1")) == 400);
  CHECK(refusal(with("", "GET https://a/ HTTP/1.1")) == 400);
  CHECK(refusal(with("", "GET http:///p HTTP/1.1")) == 400);
  CHECK(refusal(with("", "GET http://user@a/ HTTP/1.1")) == 400);
  CHECK(refusal(with("", "CONNECT a:443 HTTP/1.1")) == 501);
}

TEST_CASE("request lines that are refused") {
  CHECK(refusal(with("", "GET /")) == 400);
  CHECK(refusal(with("", "GET  / HTTP/1.1")) == 400);
  CHECK(refusal(with("", "GET / HTTP/1.1 ")) == 400);
  CHECK(refusal(with("", " GET / HTTP/1.1")) == 400);
  CHECK(refusal(with("", "G(T / HTTP/1.1")) == 400);
  CHECK(refusal(with("", "GET /a b HTTP/1.1")) == 400);
  CHECK(refusal(with("", "GET /\xc3\xbc HTTP/1.1")) == 400);
  CHECK(refusal(with("", "GET /\x7f HTTP/1.1")) == 400);
  CHECK(refusal(std::string("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 28)) == 400);
  CHECK(refusal(with("", "GET / http/1.1")) == 400);
  CHECK(refusal(with("", "GET / HTTP/1")) == 400);
  CHECK(refusal(with("", "GET / HTTP/2.0")) == 505);
  CHECK(refusal(with("", "GET / HTTP/0.9")) == 505);
  CHECK(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
  CHECK(refusal("GET / HTTP/1.1\nHost: a\n\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\rHost: a\r\r") == 400);
  CHECK(refusal("\x16\x03\x01\x02") == 400);
  CHECK(refusal(with("", std::string(65, 'A') + " / HTTP/1.1")) == 501);
  CHECK(parse(with("", "GET / HTTP/1.9")).head.minor == 1);
}

TEST_CASE("header lines that are refused") {
  for (const char* fields : {"A : b\r\n", "A\t: b\r\n", " A: b\r\n", "A: b\r\n c\r\n",
                             "A: b\r\n\tc\r\n", ": b\r\n", "A\r\n", "A(: b\r\n", "A: b\nB: c\r\n",
                             "A: b\rB: c\r\n", "A: \x01\r\n", "A: \x7f\r\n", "\xc3\xbc: b\r\n"}) {
    INFO(fields);
    CHECK(refusal(with(fields)) == 400);
  }
  CHECK(refusal(with(std::string("A: b\0c\r\n", 8))) == 400);
  CHECK(refusal(with("A: \xc3\xbc\ttab\r\n")) == 0);
}

TEST_CASE("the Host header is there once, and is a host") {
  CHECK(refusal("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.0\r\n\r\n") == 0);
  CHECK(refusal(with("Host: a\r\n")) == 400);
  CHECK(refusal(with("host: b\r\n")) == 400);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == 400);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n") == 0);
}

// The corpus of request smuggling: each of these has been read in two ways by some pair of servers.
TEST_CASE("ambiguous framing is refused") {
  struct Row {
    const char* fields;
    int code;
  };
  const Row rows[] = {
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", 0},
      {"Content-Length: 5, 5\r\n", 400},
      {"Content-Length: +5\r\n", 400},
      {"Content-Length: -5\r\n", 400},
      {"Content-Length: 0x5\r\n", 400},
      {"Content-Length: 5 \r\n", 0},
      {"Content-Length: 5;\r\n", 400},
      {"Content-Length:\r\n", 400},
      {"Content-Length: 18446744073709551616\r\n", 400},
      {"Content-Length: 5\r\n: x\r\n", 400},
      {"Content-Length : 5\r\n", 400},
      {"Transfer-Encoding : chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\n", 0},
      {"Transfer-Encoding: CHUNKED\r\n", 0},
      {"Transfer-Encoding:\tchunked \r\n", 0},
      {"Transfer-Encoding: xchunked\r\n", 400},
      {"Transfer-Encoding: chunked, identity\r\n", 400},
      {"Transfer-Encoding: identity\r\n", 400},
      {"Transfer-Encoding: \r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", 400},
      {"Transfer-Encoding: \"chunked\"\r\n", 400},
      {"Transfer-Encoding: chunked;q=1\r\n", 400},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: \x0b"
       "chunked\r\n",
       400},
      {"Transfer-Encoding:\r\n chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\r\n", 400},
      {"X: y\rTransfer-Encoding: chunked\r\n", 400},
      {"X: y\nTransfer-Encoding: chunked\r\n", 400},
      {"Foo: bar\r\n\rContent-Length: 5\r\n", 400},
  };
  for (const Row& row : rows) {
    INFO(row.fields);
    CHECK(refusal(with(row.fields)) == row.code);
  }
  CHECK(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("limits have their own answers") {
  const HeadLimits limits{.bytes = 1000, .fields = 3};
  CHECK(refusal(with("A: b\r\nB: c\r\n"), limits) == 0);
  CHECK(refusal(with("A: b\r\nB: c\r\nC: d\r\n"), limits) == 431);
  CHECK(refusal(with("A: " + std::string(1000, 'x') + "\r\n"), limits) == 431);
  CHECK(refusal("GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(1000, 'x'), limits) == 431);
  CHECK(refusal("GET /" + std::string(1000, 'x'), limits) == 414);
  CHECK(refusal(with("", "GET /" + std::string(kMaxTargetBytes, 'x') + " HTTP/1.1")) == 414);
}

TEST_CASE("how long a connection is kept") {
  const auto keeps = [](std::string_view line, std::string_view fields) {
    return parse(with(fields, line)).head.keep_alive;
  };
  CHECK(keeps("GET / HTTP/1.1", ""));
  CHECK_FALSE(keeps("GET / HTTP/1.1", "Connection: close\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.1", "Connection: foo, Close\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.0", ""));
  CHECK(keeps("GET / HTTP/1.0", "Connection: Keep-Alive\r\n"));
}

TEST_CASE("Connection names hop-by-hop headers, and an upgrade needs both of its headers") {
  const std::string text = with("Connection: X-Secret, upgrade\r\nUpgrade: websocket\r\n");
  const Parsed p = parse(text);
  REQUIRE(p.head.connection_options.size() == 1);
  CHECK(p.head.connection_options[0] == "X-Secret");
  CHECK(p.head.wants_upgrade);
  CHECK_FALSE(parse(with("Upgrade: websocket\r\n")).head.wants_upgrade);
  CHECK_FALSE(parse(with("Connection: upgrade\r\n")).head.wants_upgrade);
  CHECK_FALSE(parse(with("Connection: upgrade\r\nUpgrade: h2c\r\n")).head.wants_upgrade);
}

TEST_CASE("empty lines before a request are skipped, a few of them") {
  CHECK(parse("\r\n\r\n" + with("")).result.status == ParseStatus::done);
  CHECK(refusal("\r\n\r\n\r\n\r\n\r\n\r\n" + with("")) == 400);
}
