// SPDX-License-Identifier: Apache-2.0
// The inside of a loop, for what waits on descriptors: epoll's door is loop.cpp.
//
// Why not Asio here, as in the control thread: its epoll reactor tries every read before it waits,
// so each request costs two recv calls that return EAGAIN (seen with strace: 4 recv and 2 send per
// request, here 2 and 2), and a read must bring its buffer along when it starts to wait. Readiness
// is what the kernel reports, and it is enough: descriptors are registered once, edge-triggered,
// and whoever reads remembers whether there can be more (stream.cpp).
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/net/loop.h"

namespace smic::net {

// Has a descriptor that is registered with a loop.
class Watched {
 public:
  virtual ~Watched() = default;
  virtual void ready(std::uint32_t events) = 0;  // of epoll; 0 = you asked for a turn

 private:
  friend struct Loop::Impl;
  bool queued_ = false;
};

struct Loop::Impl {
  Impl();
  ~Impl();

  void add(int fd, Watched& watched, std::uint32_t events);
  // Calls ready(0) soon, from the loop: so that nobody is resumed from under his own call, and so
  // that one busy connection leaves the others their turn.
  void give_turn(Watched& watched);
  // Destroys it when no event can speak of it any more. Its descriptor is closed already.
  void bury(std::unique_ptr<Watched> watched);

  void turn(DeadlineWheel& wheel);
  void read_mail();

  int epoll;
  int wake;  // eventfd
  bool stopped = false;
  std::chrono::steady_clock::time_point next_tick;
  std::deque<Watched*> turns;
  std::vector<std::unique_ptr<Watched>> graveyard;
  std::vector<std::unique_ptr<Watched>> watches;  // of Loop::watch
  std::vector<std::function<void()>> ticks;
  std::mutex mutex;
  std::vector<std::function<void()>> mail;
};

}  // namespace smic::net
