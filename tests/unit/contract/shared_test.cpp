// SPDX-License-Identifier: Apache-2.0
#include "contract/shared.h"

#include <catch2/catch.hpp>
#include <string>

using smic::contract::Shared;

TEST_CASE("a shared value is compared by value and told apart by object") {
  const Shared<std::string> one(std::string("web")), other(std::string("web")), copy = one;
  CHECK(one == other);
  CHECK_FALSE(one.same_object(other));
  CHECK(one.same_object(copy));
  CHECK(one == std::string("web"));
  CHECK(one != Shared<std::string>(std::string("api")));
}

TEST_CASE("an edit is of a copy, so that who shares the value does not see it") {
  Shared<std::string> one(std::string("web"));
  const Shared<std::string> other = one;
  one.edit() += "-v2";
  CHECK(*one == "web-v2");
  CHECK(*other == "web");
}
