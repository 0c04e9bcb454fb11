// SPDX-License-Identifier: Apache-2.0
// Says what was enforced or refused. On a thread and a connection of its own, so that a controller
// that is slow to listen does not hold up the next version; only the newest thing to say is said.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "contract/state.h"
#include "runtime/subscribe/link.h"

namespace smic::subscribe {

struct Acknowledgement {
  contract::Head head;
  std::string refused;  // the reason; empty = it is enforced
};
std::string to_json(const Acknowledgement& acknowledgement);

class Acknowledger {
 public:
  explicit Acknowledger(const http::Stop& stop);
  ~Acknowledger();  // after stop was said

  // By way of whoever is listened to now. A refusal is not overtaken by what was enforced before.
  void say(LinkOptions to, Acknowledgement what);

 private:
  struct Errand {
    LinkOptions to;
    Acknowledgement what;
  };
  void run();

  const http::Stop& stop_;
  std::mutex mutex_;
  std::condition_variable condition_;
  std::optional<Errand> next_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace smic::subscribe
