// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "runtime/net/poller.h"

namespace smic::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEventsPerTurn = 256;

class Callback : public Watched {
 public:
  explicit Callback(std::function<void()> work) : work_(std::move(work)) {}
  void ready(std::uint32_t) override { work_(); }

 private:
  std::function<void()> work_;
};

int milliseconds_until(Clock::time_point time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

}  // namespace

Loop::Impl::Impl()
    : epoll(epoll_create1(EPOLL_CLOEXEC)),
      wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      next_tick(Clock::now() + kTick) {
  SMIC_CHECK(epoll >= 0 && wake >= 0, "no descriptors for a loop");
}

Loop::Impl::~Impl() {
  ::close(wake);
  ::close(epoll);
}

void Loop::Impl::add(int fd, Watched& watched, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watched;
  SMIC_CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

void Loop::Impl::give_turn(Watched& watched) {
  if (!std::exchange(watched.queued_, true)) turns.push_back(&watched);
}

void Loop::Impl::bury(std::unique_ptr<Watched> watched) {
  if (watched->queued_) std::erase(turns, watched.get());
  graveyard.push_back(std::move(watched));
}

void Loop::Impl::turn(DeadlineWheel& wheel) {
  std::array<epoll_event, kEventsPerTurn> events;
  const int timeout = turns.empty() ? milliseconds_until(next_tick) : 0;
  const int count = epoll_wait(epoll, events.data(), kEventsPerTurn, timeout);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<Watched*>(event.data.ptr)->ready(event.events);
  }
  for (std::size_t left = turns.size(); left > 0 && !turns.empty(); --left) {
    Watched& next = *turns.front();
    turns.pop_front();
    next.queued_ = false;
    next.ready(0);
  }
  if (Clock::now() >= next_tick) {
    wheel.tick();
    for (auto& work : ticks) work();
    next_tick = std::max(next_tick + kTick, Clock::now());
  }
  graveyard.clear();
}

void Loop::Impl::read_mail() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake, &count, sizeof count);
  std::vector<std::function<void()>> taken;
  {
    const std::lock_guard lock(mutex);
    taken.swap(mail);
  }
  for (auto& work : taken) work();
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  watch(impl_->wake, [this] { impl_->read_mail(); });
}

Loop::~Loop() = default;

void Loop::run() {
  impl_->stopped = false;
  while (!impl_->stopped) impl_->turn(wheel_);
}

void Loop::stop() { impl_->stopped = true; }

void Loop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->mail.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto wrote = ::write(impl_->wake, &one, sizeof one);
}

void Loop::on_tick(std::function<void()> work) { impl_->ticks.push_back(std::move(work)); }

void Loop::watch(int fd, std::function<void()> ready) {
  impl_->watches.push_back(std::make_unique<Callback>(std::move(ready)));
  impl_->add(fd, *impl_->watches.back(), EPOLLIN);
}

}  // namespace smic::net
