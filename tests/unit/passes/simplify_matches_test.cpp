// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/unit/passes/expect_pass.h"

using namespace smic::test;

namespace {

void expect_match(std::string_view before, std::string_view after) {
  expect_pass("simplify-matches", "", "match m0 = " + std::string(before),
              "match m0 = " + std::string(after));
}

void expect_path(std::string before, std::string after) {
  expect_match("path ~ \"" + before + "\"", "path ~ \"" + after + "\"");
}

}  // namespace

TEST_CASE("simplify-matches drops what anchoring at the start makes idle", "[passes]") {
  expect_path("^/api/.*", "/api/");
  expect_path("^^/api", "/api");
  expect_path("/api.*.*", "/api");
  expect_path("/a|/b.*", "/a|/b");
  expect_path(R"(/a\\\\.*)", R"(/a\\\\)");  // the regex /a\\.* ends in an escaped backslash
}

TEST_CASE("simplify-matches makes any path of a pattern that accepts the empty prefix",
          "[passes]") {
  expect_match(R"(path ~ "")", "any");
  expect_match(R"(path ~ ".*")", "any");
  expect_match(R"(path ~ "^.*")", "any");
  expect_match(R"(method in { GET } and path ~ "^")", "method in { GET }");
}

TEST_CASE("simplify-matches leaves alone what could mean something else", "[passes]") {
  expect_path(R"(/a\\.*)", R"(/a\\.*)");    // an escaped dot
  expect_path(R"(\\Q/a.*)", R"(\\Q/a.*)");  // quoted
  expect_path("^*/a", "^*/a");              // without `^` it would repeat nothing
  expect_path("/a.*?", "/a.*?");
  expect_path("/a.*$", "/a.*$");
  expect_path("(/a.*)", "(/a.*)");
}

TEST_CASE("simplify-matches sorts header tests and keeps each once", "[passes]") {
  expect_match(R"(header "b" ~ "1" and header "a" ~ "2" and header "b" ~ "1")",
               R"(header "a" ~ "2" and header "b" ~ "1")");
  expect_match(R"(header "a" ~ ".*")", R"(header "a" ~ ".*")");  // the header must be there
}
