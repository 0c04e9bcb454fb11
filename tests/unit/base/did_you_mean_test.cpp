// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "base/did_you_mean.h"

using smic::did_you_mean;

TEST_CASE("a slip finds the name that was meant") {
  CHECK(did_you_mean("web-v3", {"web-v2", "cart", "reviews"}) == "web-v2");
  CHECK(did_you_mean("Servcie", {"Service", "ServiceAccount"}) == "Service");
  CHECK(did_you_mean("metods", {"methods", "name", "headers"}) == "methods");
  CHECK(did_you_mean("pathregex", {"pathRegex", "name"}) == "pathRegex");
}

TEST_CASE("letter case alone is no distance") {
  CHECK(did_you_mean("get", {"PUT", "GET", "HEAD"}) == "GET");
  CHECK(did_you_mean("ui", {"UI"}) == "UI");
}

TEST_CASE("what is far away is not suggested") {
  CHECK(did_you_mean("payments", {"web-v2", "cart"}) == "");
  CHECK(did_you_mean("ab", {"ac"}) == "");
  CHECK(did_you_mean("", {"", "a"}) == "");
  CHECK(did_you_mean("web", {"web"}) == "");
}

TEST_CASE("of two equally near names the first in the alphabet is suggested") {
  CHECK(did_you_mean("web-v3", {"web-v2", "web-v1"}) == "web-v1");
  CHECK(did_you_mean("web-v3", {"web-v1", "web-v2"}) == "web-v1");
}

TEST_CASE("insertions, deletions and transpositions count one each") {
  CHECK(did_you_mean("abcdefgh", {"abdefg"}) == "abdefg");
  CHECK(did_you_mean("abcdefgh", {"badcefgh"}) == "badcefgh");
  CHECK(did_you_mean("abcdefgh", {"badcfegh"}) == "");  // three, and eight letters may have two
  CHECK(did_you_mean("abcdefghijkl", {"xabcdefghijklxy"}) == "xabcdefghijklxy");
  CHECK(did_you_mean("abcdefghijkl", {"defghijkl"}) == "defghijkl");
}

TEST_CASE("names beyond any real length are left alone") {
  CHECK(did_you_mean(std::string(100000, 'a'), {std::string(100000, 'a') + "b"}) == "");
}

TEST_CASE("suggest words the help, and says nothing where nothing is near") {
  CHECK(smic::suggest("get", {"GET"}) == "did you mean `GET`?");
  CHECK(smic::suggest("x", {"GET"}) == "");
}
