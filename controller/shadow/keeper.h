// SPDX-License-Identifier: Apache-2.0
// Keeps shadow Services and their slices as they are wanted, while this controller leads. Whatever
// changes (what is meshed, which nodes there are, what stands there, who leads) only wakes it; the
// look at all of it decides (wanted.h), so what somebody edits or deletes is back in a moment, and
// what is left of a Service that went while nobody led goes, too.
//
// It writes one after the other, at its own pace, and looks again every few seconds, so that ten
// thousand Services are no storm.
//
// Tested by tests/unit/shadow/keeper_test.cpp, on a real API server by tests/system/shadow_test.py.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <thread>

#include "controller/shadow/known.h"
#include "controller/shadow/shadow.h"

namespace smic::shadow {

class Keeper final : public controller::Component, public kube::Sink {
 public:
  Keeper(const Parts& parts, Options options, std::shared_ptr<Wishes> wishes);
  ~Keeper() override;  // after stop

  std::string_view name() const override { return "shadow Services"; }
  Result<void> start() override;
  void stop() override;

  // What stands there, from informers.
  bool replace(const std::string& kind, std::vector<kube::Object> objects) override;
  void put(const std::string& kind, kube::Object object) override;
  void remove(const std::string& kind, const kube::Object& object) override;

 private:
  using Time = kube::Clock::time_point;

  // Of an object that is written again and again with the same text: a contest.
  struct Written {
    std::size_t text = 0;  // its hash
    std::chrono::milliseconds pause{0};
    Time not_before;
  };

  void run();
  bool ready() const;
  void carry_out(std::unique_lock<std::mutex>& lock);
  bool has_to_wait(const Write& write, Time now);
  kube::ApiResult<void> make(const Write& write, std::unique_lock<std::mutex>& lock);
  void complain(const Write& write, const kube::ApiError& error);
  void changed();

  const Parts parts_;
  const Options options_;
  const std::shared_ptr<Wishes> wishes_;
  kube::Writer writer_;
  std::mutex mutex_;
  std::condition_variable condition_;
  Known known_;
  std::map<std::string, Written> written_;
  bool look_ = true;  // something has changed
  Time settled_;      // but not before
  Time wake_ = Time::max();
  bool ending_ = false;
  std::string trouble_;
  std::vector<kube::WatchedKind> kinds_;
  std::list<kube::Informer> informers_;
  std::thread thread_;
};

}  // namespace smic::shadow
