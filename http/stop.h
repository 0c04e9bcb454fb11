// SPDX-License-Identifier: Apache-2.0
// Ends every wait of everyone who shares it: in poll() beside a socket, or on its own.
#pragma once

#include <chrono>

namespace smic::http {

class Stop {
 public:
  Stop();
  ~Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  void stop();  // for good, from any thread
  bool stopped() const { return wait(std::chrono::milliseconds(0)); }
  bool wait(std::chrono::milliseconds time) const;  // true = stopped
  int descriptor() const { return event_; }         // readable once stopped

 private:
  int event_;
};

}  // namespace smic::http
