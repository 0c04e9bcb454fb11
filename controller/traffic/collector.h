// SPDX-License-Identifier: Apache-2.0
// Reads what proxies have counted, every few seconds, from their admin addresses. Every controller
// reads every proxy: they need not agree on anything, and any of them can answer.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "controller/traffic/window.h"
#include "http/http.h"

namespace smic::traffic {

inline constexpr std::chrono::milliseconds kScrapeInterval{5'000};
inline constexpr std::chrono::milliseconds kScrapeTime{3'000};  // for one proxy
inline constexpr std::chrono::seconds kScrapeAgainAfter{10};    // one that did not answer

class Collector {
 public:
  // `proxies` tells "ADDRESS:PORT" of each.
  Collector(std::function<std::vector<std::string>()> proxies, const http::Stop& stop,
            std::chrono::milliseconds interval = kScrapeInterval);
  ~Collector();  // after stop

  void look(const std::function<void(const Window&)>& at) const;
  std::string not_ready() const;  // no proxy was ever read, or none lately

 private:
  void run();
  void read_all();
  Result<contract::EdgeReport> read(const std::string& address) const;

  const std::function<std::vector<std::string>()> proxies_;
  const http::Stop& stop_;
  const std::chrono::milliseconds interval_;
  mutable std::mutex mutex_;
  Window window_{Clock::now()};
  Time last_read_ = Time::min();
  std::map<std::string, Time> silent_;  // until when they are left alone
  std::thread thread_;
};

}  // namespace smic::traffic
