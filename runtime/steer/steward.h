// SPDX-License-Identifier: Apache-2.0
// The one thread that keeps the process's capabilities. What it takes to steer a node's traffic
// (routes, BPF, ports below 1024) is asked of it; threads that read what strangers send have
// nothing left that a node has not given to everybody. Capabilities belong to threads and are
// inherited, so: first the steward, then give_up_capabilities(), then every other thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"

namespace smic::steer {

class Steward {
 public:
  Steward();
  ~Steward();
  Steward(const Steward&) = delete;
  Steward& operator=(const Steward&) = delete;

  void run(const std::function<void()>& work);  // there, and returns when it is done

 private:
  void serve();

  std::mutex one_at_a_time_;
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* work_ = nullptr;
  bool stopped_ = false;
  std::thread thread_;
};

// Of the calling thread and those that it makes. They cannot be had back.
Result<void> give_up_capabilities();

// Those of the calling thread that this process could use: "NET_ADMIN BPF NET_BIND_SERVICE".
std::string useful_capabilities();

}  // namespace smic::steer
