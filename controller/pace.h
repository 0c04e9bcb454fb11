// SPDX-License-Identifier: Apache-2.0
// How updates follow each other. What comes alone, or a few at a time, waits for nothing. Under a
// stream of changes every update costs something however little of it has changed, so between them
// there are rests, in which changes gather: as long as keeps the work at a share of a core. A
// pure function of times. For the .cpp files of this folder only.
//
// Tested by pace_test.cpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace smic::controller {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  using Duration = Clock::duration;

  static constexpr int kShare = 6;                        // of a core is one in so many
  static constexpr std::chrono::milliseconds kBurst{50};  // of work, before anybody rests
  static constexpr std::chrono::milliseconds kLongestRest{100};

  // The first work is a start, which follows nothing: whoever changes something right after it does
  // not wait for it.
  void worked(Duration cpu, Clock::time_point now) {
    recover(now);
    if (!std::exchange(started_, true)) return;
    owed_ = std::min<Duration>(owed_ + cpu, kBurst + kLongestRest / kShare);
  }

  Duration rest(Clock::time_point now) {
    recover(now);
    return owed_ <= kBurst ? Duration::zero() : (owed_ - kBurst) * kShare;
  }

 private:
  void recover(Clock::time_point now) {
    owed_ = std::max(owed_ - (now - last_) / kShare, Duration::zero());
    last_ = now;
  }

  bool started_ = false;
  Duration owed_ = Duration::zero();
  Clock::time_point last_{};
};

}  // namespace smic::controller
