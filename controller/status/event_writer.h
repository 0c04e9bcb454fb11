// SPDX-License-Identifier: Apache-2.0
// Tells news as Events, within bounds: what stands already is not told again, what happens again is
// counted and written at most once a minute, all together are a few a second, and what would pile
// up is dropped and told in the log; the conditions have it anyway.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "controller/status/events.h"
#include "controller/status/status.h"

namespace smic::status {

class EventWriter {
 public:
  struct Limits {
    double per_second = 5;
    double burst = 25;
    std::size_t queued = 1'000;
    std::size_t remembered = 10'000;          // events whose series we count
    std::chrono::milliseconds again{60'000};  // between writes of one series
  };

  EventWriter(const Parts& parts, Limits limits);

  void start();
  void stop();
  // Verdicts that changed; nothing = the object is gone.
  void take(const std::map<ObjectName, std::optional<Verdict>>& changed);

 private:
  struct Said {
    Verdict verdict;
    std::vector<EventText> texts;
  };
  struct News {
    ObjectName object;
    Verdict verdict;
    EventText text;
    bool happened = true;  // false: it stands, and is told if nobody told it before
  };
  struct Told {
    std::uint64_t count = 1;
    kube::Clock::time_point written;
  };

  void run();
  void learn_what_was_told(std::unique_lock<std::mutex>& lock);
  void queue(News news);
  void tell(const News& news, std::unique_lock<std::mutex>& lock);
  void complain(const kube::ApiError& error);

  const Parts parts_;
  const Limits limits_;
  kube::Rate rate_;
  std::mutex mutex_;
  std::condition_variable condition_;
  std::map<ObjectName, Said> said_;
  std::deque<News> queue_;
  std::map<std::string, Told> told_;  // by namespace/name of the event
  bool leads_ = false;                // as the thread has it
  bool gained_ = false;
  bool ending_ = false;
  std::size_t dropped_ = 0;
  std::string trouble_;
  std::thread thread_;
};

}  // namespace smic::status
