// SPDX-License-Identifier: Apache-2.0
// The event loop of one worker: everything on it happens on the thread that calls run(). Only
// post() may be called from other threads.
#pragma once

#include <functional>
#include <memory>

#include "runtime/net/deadline.h"

namespace smic::net {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();                             // until stop()
  void stop();                            // on the loop's thread
  void post(std::function<void()> work);  // from any thread; runs in order
  void on_tick(std::function<void()> work);

  // Calls `ready` whenever `fd` may be readable. The fd is not closed by the loop.
  void watch(int fd, std::function<void()> ready);

  DeadlineWheel& deadlines() { return wheel_; }

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  DeadlineWheel wheel_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smic::net
