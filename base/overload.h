// SPDX-License-Identifier: Apache-2.0
// One function object out of several lambdas, to visit a std::variant without a default case.
#pragma once

namespace smic {

template <class... Functions>
struct Overload : Functions... {
  using Functions::operator()...;
};

}  // namespace smic
