// SPDX-License-Identifier: Apache-2.0
#include "compiler/target_options.h"

#include <catch2/catch.hpp>

using namespace smic;

TEST_CASE("targets are sorted and each there once; portable is none") {
  std::vector<std::string> targets{"aarch64"};
  const Option option = targets_option(targets, "what there is");
  CHECK(option.take("x86_64-v3,aarch64,x86_64-v3,x86_64-v2"));
  CHECK(targets == std::vector<std::string>{"aarch64", "x86_64-v2", "x86_64-v3"});
  CHECK(targets == all_targets());
  CHECK(option.shown() == "aarch64,x86_64-v2,x86_64-v3");
  CHECK(option.take("x86_64-v2,portable"));
  CHECK(targets == std::vector<std::string>{"x86_64-v2"});
  CHECK(option.take("portable"));
  CHECK(targets.empty());
  CHECK(option.shown() == "portable");
  CHECK(option.help.find("default: what there is") != std::string::npos);
}

TEST_CASE("a target that is not known changes nothing and is told") {
  std::vector<std::string> targets{"aarch64"};
  const Option option = targets_option(targets, "");
  for (const char* wrong : {"", "vax", "x86_64-v2,", "x86_64-v2,vax", "x86_64-v2 aarch64"}) {
    const auto taken = option.take(wrong);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().find("x86_64-v3") != std::string::npos);
  }
  CHECK(targets == std::vector<std::string>{"aarch64"});
}
