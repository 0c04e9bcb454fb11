// SPDX-License-Identifier: Apache-2.0
// Tested by backoff_test.cpp.
#include "http/backoff.h"

#include <algorithm>

namespace smic::http {

std::chrono::milliseconds Backoff::next(std::optional<std::chrono::seconds> at_least) {
  step_ = std::clamp(step_ * 2, limits_.first, limits_.most);
  const auto drawn =
      std::uniform_int_distribution<std::int64_t>(step_.count() / 2, step_.count())(random_);
  const std::chrono::milliseconds wait(drawn);
  return at_least ? *at_least + wait : wait;
}

}  // namespace smic::http
