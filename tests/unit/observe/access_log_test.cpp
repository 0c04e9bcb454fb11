// SPDX-License-Identifier: Apache-2.0
#include "runtime/observe/access_log.h"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

using namespace smic::observe;

namespace {
AccessRecord record() {
  AccessRecord out;
  out.source = "127.0.0.11";
  out.identity = "shop/web";
  out.method = "GET";
  out.path = "/a?b=\"c\"";
  out.status = 403;
  out.unit = "shop/reviews:9080";
  out.route = "TrafficSplit shop/canary (split.yaml:12)";
  out.backend = "shop/reviews-v1:9080";
  out.endpoint = "127.0.0.21:8080";
  out.received = 5;
  out.sent = 120;
  out.micros = 250;
  out.policy = "retry-attempts";
  out.reason = "denied; mode=enforce";
  return out;
}
}  // namespace

TEST_CASE("a line of the access log as text") {
  CHECK(render(AccessFormat::text, "2026-01-02T03:04:05.678Z", record()) ==
        "2026-01-02T03:04:05.678Z 127.0.0.11 shop/web \"GET /a?b=\\\"c\\\"\" 403 "
        "shop/reviews:9080 \"TrafficSplit shop/canary (split.yaml:12)\" shop/reviews-v1:9080 "
        "127.0.0.21:8080 5 120 250us retry-attempts \"denied; mode=enforce\"\n");
}

TEST_CASE("a line of the access log as JSON") {
  CHECK(render(AccessFormat::json, "T", record()) ==
        "{\"time\":\"T\",\"source\":\"127.0.0.11\",\"identity\":\"shop/web\","
        "\"protocol\":\"http\",\"method\":\"GET\",\"path\":\"/"
        "a?b=\\\"c\\\"\",\"status\":403,\"unit\":\"shop/reviews:9080\","
        "\"route\":\"TrafficSplit shop/canary (split.yaml:12)\","
        "\"backend\":\"shop/reviews-v1:9080\",\"endpoint\":\"127.0.0.21:8080\",\"received\":5,"
        "\"sent\":120,\"micros\":250,\"policy\":\"retry-attempts\",\"reason\":\"denied; "
        "mode=enforce\"}\n");
}

TEST_CASE("a TCP connection or UDP flow is named by its protocol") {
  AccessRecord flow;
  flow.source = "127.0.0.11";
  flow.protocol = "udp";
  flow.status = 200;
  CHECK(render(AccessFormat::text, "T", flow) ==
        "T 127.0.0.11 - \"udp\" 200 - - - - 0 0 0us - -\n");
}

TEST_CASE("what is unknown is a dash, and no field can forge a line") {
  AccessRecord bare;
  bare.source = "::1";
  bare.method = "GET";
  bare.path = "/\n2026 forged";
  const std::string line = render(AccessFormat::text, "T", bare);
  CHECK(line == "T ::1 - \"GET /\\u000a2026 forged\" 0 - - - - 0 0 0us - -\n");
}

TEST_CASE("lines are written when flushed, and not at all when the log is off") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  {
    AccessLog off(AccessFormat::off, ends[1]);
    off.write(record());
    off.flush();
    AccessLog log(AccessFormat::json, ends[1]);
    log.write(record());
    log.write(record());
  }
  ::close(ends[1]);
  std::array<char, 4096> text{};
  const auto size = static_cast<std::size_t>(::read(ends[0], text.data(), text.size()));
  ::close(ends[0]);
  const std::string_view lines(text.data(), size);
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 2);
}
