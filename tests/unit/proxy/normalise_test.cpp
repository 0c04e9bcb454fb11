// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/normalise.h"

#include <catch2/catch.hpp>

using smic::proxy::normalise_path;

TEST_CASE("a path is normalised as D-3 says") {
  struct Row {
    const char* from;
    const char* to;
  };
  const Row rows[] = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/%61%2d%2E%5f%7e%41%30", "/a-._~A0"},
      {"/a%2fb%3f%c3%bc", "/a%2Fb%3F%C3%BC"},
      {"/%25%32%35", "/%2525"},  // decoded once, never twice
      {"//a///b/", "//a///b/"},  // nothing else is collapsed
      {"/a;x=1/b,c", "/a;x=1/b,c"},
      {"/A/%4a", "/A/J"},
      {"/.", "/"},
      {"/..", "/"},
      {"/./a", "/a"},
      {"/../a", "/a"},
      {"/a/.", "/a/"},
      {"/a/..", "/"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/b/../../c", "/c"},
      {"/a/../../../c", "/c"},
      {"/a//../b", "/a/b"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/a/%2e/b", "/a/b"},
      {"/.a/..b/c./d..", "/.a/..b/c./d.."},
      {"/...", "/..."},
      {"/admin/%2e%2e/public", "/public"},
      {"*", "*"},
  };
  std::string scratch;
  for (const Row& row : rows) {
    INFO(row.from);
    const auto path = normalise_path(row.from, scratch);
    REQUIRE(path.has_value());
    CHECK(*path == row.to);
    const std::string once(*path);
    CHECK(normalise_path(once, scratch) == std::string_view(once));  // a fixed point
  }
}

TEST_CASE("invalid escapes and an encoded NUL are refused") {
  std::string scratch;
  for (const char* path : {"/%", "/%4", "/%zz", "/%4g", "/a%00b", "/%0", "/%%41"}) {
    INFO(path);
    CHECK_FALSE(normalise_path(path, scratch).has_value());
  }
}

TEST_CASE("a path with nothing to do is not copied") {
  std::string scratch;
  const std::string_view path = "/reviews/42";
  CHECK(normalise_path(path, scratch)->data() == path.data());
}
