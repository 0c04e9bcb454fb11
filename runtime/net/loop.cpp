// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <list>
#include <mutex>
#include <vector>

#include "base/check.h"
#include "runtime/net/asio.h"

namespace smic::net {

using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

struct Watched {
  Descriptor descriptor;
  std::function<void()> ready;
};

struct Loop::Impl {
  asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  asio::executor_work_guard<Executor> work{context.get_executor()};
  Timer timer{context};
  std::vector<std::function<void()>> ticks;
  std::list<Watched> watched;
  bool closing = false;

  int wake = -1;  // eventfd
  std::mutex mutex;
  std::vector<std::function<void()>> mail;

  ~Impl() {
    for (Watched& one : watched) one.descriptor.release();
    ::close(wake);
  }

  void open_mailbox(Loop& loop) {
    wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    SMIC_CHECK(wake >= 0, "eventfd");
    loop.watch(wake, [this] { read_mail(); });
  }

  void read_mail() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake, &count, sizeof count);
    std::vector<std::function<void()>> taken;
    {
      const std::lock_guard lock(mutex);
      taken.swap(mail);
    }
    for (auto& work : taken) work();
  }

  void wait(Watched& one) {
    one.descriptor.async_wait(Descriptor::wait_read, [this, &one](boost::system::error_code error) {
      if (error || closing) return;
      one.ready();
      wait(one);
    });
  }

  void tick(DeadlineWheel& wheel) {
    timer.async_wait([this, &wheel](boost::system::error_code error) {
      if (error || closing) return;
      wheel.tick();
      for (auto& work : ticks) work();
      timer.expires_at(std::max(timer.expiry() + kTick, std::chrono::steady_clock::now()));
      tick(wheel);
    });
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  impl_->open_mailbox(*this);
  impl_->timer.expires_after(kTick);
  impl_->tick(wheel_);
}

Loop::~Loop() {
  // Streams that were destroyed with an operation under way wait for it to come home.
  impl_->closing = true;
  impl_->timer.cancel();
  impl_->context.restart();
  impl_->context.poll();
}

void Loop::run() {
  impl_->context.restart();
  impl_->context.run();
}

void Loop::stop() { impl_->context.stop(); }

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
  impl_->watched.push_back({Descriptor(impl_->context, fd), std::move(ready)});
  impl_->wait(impl_->watched.back());
}

asio::io_context& context_of(Loop& loop) { return loop.impl().context; }

}  // namespace smic::net
