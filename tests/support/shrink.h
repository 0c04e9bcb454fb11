// SPDX-License-Identifier: Apache-2.0
// Makes a failing case small: as long as leaving something out (a route, an allow, a match, a
// backend, a test, a header line, a byte of the path) keeps it failing, it is left out.
#pragma once

#include <functional>
#include <string>

#include "compiler/ir/ir.h"

namespace smic::test {

struct Case {
  ir::Unit unit;
  ir::Request request;
};

using Fails = std::function<bool(const Case&)>;

// `failing` must fail. Gives up after kMaxTrials questions, with the smallest found until then.
inline constexpr std::size_t kMaxTrials = 5000;
Case shrink(Case failing, const Fails& fails);

// The unit as .smir and the request, to be pasted into a test.
std::string print(const Case& shown);

}  // namespace smic::test
