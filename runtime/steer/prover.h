// SPDX-License-Identifier: Apache-2.0
// Proves what there is to prove on a thread of its own, so that nobody waits for it.
//
// Tested by tests/unit/steer/prover_test.cpp.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/steer/descriptor.h"
#include "runtime/steer/probe.h"

namespace smic::steer {

class Prover {
 public:
  // `prove` gets a descriptor that becomes readable when it is to end early; `tell` what came of
  // it.
  using Prove = std::function<std::vector<Proof>(int stop)>;
  using Tell = std::function<void(std::vector<Proof>)>;
  Prover(Prove prove, Tell tell);
  ~Prover();

  void ask();            // whatever is under way is of something older, and is made again
  bool pending() const;  // asked, and not told yet
  void stop();           // nothing is told from here on; waits for what is under way

 private:
  void run();

  const Prove prove_;
  const Tell tell_;
  Descriptor stop_event_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t asked_ = 0, told_ = 0;
  bool stopped_ = false;
  std::thread thread_;  // from the first ask() on
};

}  // namespace smic::steer
