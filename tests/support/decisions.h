// SPDX-License-Identifier: Apache-2.0
// Small units compiled as far as a test needs them.
#pragma once

#include <string_view>

#include "compiler/codegen/codegen.h"
#include "compiler/decision/decision.h"
#include "contract/image.h"

namespace smic::test {

// The text of one .smir unit.
decision::Decision decide(std::string_view unit);
contract::Bytes image_of(std::string_view unit, std::string_view target = codegen::targets()[0]);

// Plain root, one access rule without a condition: nothing to match.
inline constexpr std::string_view kPlainUnit = R"(
unit shop/web:80 http enforce
  source s0 = { shop/admin, shop/front }
  source s1 = { shop/front }
  route r0 -> shop/web:80
  allow to shop/web from s0
  allow to shop/db from s1
)";

// A canary by header, access by path and method.
inline constexpr std::string_view kCanaryUnit = R"(
unit shop/reviews:9080 http enforce
  source s0 = { shop/admin, shop/web }
  match m0 = method in { GET, HEAD } and path ~ "/reviews/[0-9]+"
  match m1 = header "user-agent" ~ ".*Firefox.*"
  route r0 when m1 -> split { shop/reviews-v1:9080 = 9, shop/reviews-v2:9080 = 1 }
  route r1 -> shop/reviews:9080
  allow to shop/reviews from s0 when m0
)";

}  // namespace smic::test
