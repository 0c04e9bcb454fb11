// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace smic::distribution {

// Wakes the hub's thread; streams hold on to it, and so may outlive the hub.
class Bell {
 public:
  void ring() {
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
    }
    condition_.notify_one();
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    condition_.notify_one();
  }
  // False: it is over.
  bool wait_until(std::chrono::steady_clock::time_point time) {
    std::unique_lock lock(mutex_);
    condition_.wait_until(lock, time, [this] { return rung_ || ended_; });
    rung_ = false;
    return !ended_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool rung_ = false, ended_ = false;
};

}  // namespace smic::distribution
