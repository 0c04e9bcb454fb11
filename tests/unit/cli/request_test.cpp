// SPDX-License-Identifier: Apache-2.0
#include "cli/request.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::cli;

TEST_CASE("a line is split into words as a shell splits it") {
  using Split = std::vector<std::string>;
  CHECK(split_words("--from a/b  --to\tc.d\r") == Split{"--from", "a/b", "--to", "c.d"});
  CHECK(split_words("--header 'x-a: b \"c\\'") == Split{"--header", "x-a: b \"c\\"});
  CHECK(split_words(R"("a\"b\\c\d" x\ y z'"'"'"z)") == Split{R"(a"b\c\d)", "x y", "z\"'z"});
  CHECK(split_words("''") == Split{""});
  CHECK(split_words(" ") == Split{});
  CHECK(split_words("--path '/a").error() == "a ' does not end");
  CHECK(split_words("\"a\\\"").error() == "a \" does not end");
}

TEST_CASE("a file of requests has one a line, beside comments and empty lines") {
  const auto requests = read_requests(
      "# who may read\n\n--from shop/web --to reviews.shop:80 --path /a/../b?c\r\n"
      "  --from=a/b --to=dns.kube:53/udp --header 'X-A: 1' --method=PUT");
  REQUIRE(requests.has_value());
  REQUIRE(requests->size() == 2);
  const Request& first = requests->front();
  CHECK(first.line == 3);
  CHECK(ir::to_string(first.query.from) == "shop/web");
  CHECK(first.query.path == "/b");
  CHECK(first.query.port == 80);
  CHECK_FALSE(first.query.datagrams);
  const Request& second = requests->back();
  CHECK(second.line == 4);
  CHECK(second.query.datagrams);
  CHECK(second.query.method == "PUT");
  CHECK(second.query.headers.front() == std::pair<std::string, std::string>("x-a", "1"));
}

TEST_CASE("a mistake in a file of requests is told with its line") {
  CHECK(read_requests("\n--from shop/web").error() ==
        "line 2: it needs --to=SERVICE.NAMESPACE[:PORT]");
  CHECK(read_requests("--from a/b --to c.d e").error() == "line 1: `e` is one operand too many");
  CHECK(read_requests("--from a/b --to c.d:0").error() == "line 1: --to: `0` is not a port");
  CHECK(read_requests("--from a/b --to c.d --path '").error() == "line 1: a ' does not end");
  CHECK(read_requests("--help").error() ==
        "line 1: it needs --from=NAMESPACE/SERVICEACCOUNT or --from-pod=NAMESPACE/POD");
}
