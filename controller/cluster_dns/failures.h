// SPDX-License-Identifier: Apache-2.0
// What was tried in vain, so that it is not tried again at once: each time it waits twice as long.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "controller/cluster_dns/trouble.h"

namespace smic::cluster_dns {

inline constexpr std::chrono::minutes kFirstRetry{2}, kLastRetry{60};

class Failures {
 public:
  using Clock = std::chrono::steady_clock;

  void add(std::string what, const Trouble& trouble) {
    again_ = what == what_ ? std::min<Clock::duration>(again_ * 2, kLastRetry) : kFirstRetry;
    next_ = Clock::now() + again_;
    what_ = std::move(what);
    trouble_ = trouble;
  }
  void clear() { what_.reset(); }

  // The trouble that the same has made, while it is not tried again.
  std::optional<Trouble> of(const std::string& what) const {
    return what_ == what && Clock::now() < next_ ? std::optional(trouble_) : std::nullopt;
  }

 private:
  std::optional<std::string> what_;
  Trouble trouble_;
  Clock::duration again_{};
  Clock::time_point next_;
};

}  // namespace smic::cluster_dns
