// SPDX-License-Identifier: Apache-2.0
// Keeps the conditions of SMI objects as they are to be, one write after the other. Whatever
// changes (a verdict, what the nodes enforce, what stands there, who leads) only marks objects to
// look at again; the look decides.
#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "controller/status/conditions.h"
#include "controller/status/status.h"

namespace smic::status {

class ConditionWriter final : public kube::Sink {
 public:
  struct Times {
    std::chrono::milliseconds settle{200};      // changes in between are one write
    std::chrono::milliseconds overdue{10'000};  // until nodes that lag behind are told of
    std::chrono::milliseconds again{1'000};   // between writes of the same to one object, at first
    std::chrono::milliseconds most{300'000};  // at last
  };

  ConditionWriter(const Parts& parts, Times times);
  ~ConditionWriter() override;  // after stop

  void start();
  void stop();

  // Verdicts that changed. `gone` ones are given as nothing.
  void take(const std::map<ObjectName, std::optional<Verdict>>& changed);

  // kube::Sink: what stands there.
  bool replace(const std::string& kind, std::vector<kube::Object> objects) override;
  void put(const std::string& kind, kube::Object object) override;
  void remove(const std::string& kind, const kube::Object& object) override;

 private:
  using Time = kube::Clock::time_point;

  struct There {
    std::string uid;
    std::vector<Condition> conditions;
    std::uint64_t version = 0;  // resourceVersion: what is older than our own write is no news
  };
  struct Wanted {
    Verdict verdict;
    Time since;  // this generation is known
    std::vector<Condition> written;
    std::chrono::milliseconds pause{0};  // doubles while the same has to be written again
    Time not_before;
  };
  struct Work {
    ObjectName name;
    Verdict verdict;
    std::vector<Condition> conditions;
  };

  void run();
  void mark(const ObjectName& name);
  void mark_later_ones();
  void look_at_enforcement();
  std::optional<Work> next_work(Time now);
  std::optional<Work> look_at(const ObjectName& name, Time now);
  bool has_to_wait(Wanted& wanted, const std::vector<Condition>& conditions, Time now);
  void look_again(const ObjectName& name, Time when);
  Progress progress_of(const Wanted& wanted, Time now) const;
  kube::ApiResult<std::string> write(const Work& work);
  void settle(const Work& work, const kube::ApiResult<std::string>& written, Time now);
  bool learn(const std::string& kind, const kube::Object& object);

  const Parts parts_;
  const Times times_;
  std::mutex mutex_;
  std::condition_variable condition_;
  std::map<ObjectName, There> there_;
  std::map<ObjectName, Wanted> wanted_;
  std::set<ObjectName> marked_;  // to be looked at
  Time settled_;                 // but not before
  std::set<ObjectName> later_;   // to be marked when nodes tell something new, or at wake_
  Time wake_ = Time::max();
  Enforcement::State enforced_;
  bool ending_ = false;
  std::string trouble_;
  std::list<kube::WatchedKind> kinds_;
  std::list<kube::Informer> informers_;
  std::thread thread_;
};

}  // namespace smic::status
