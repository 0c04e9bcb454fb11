// SPDX-License-Identifier: Apache-2.0
#include "runtime/steer/prover.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace smic::steer {

Prover::Prover(Prove prove, Tell tell)
    : prove_(std::move(prove)),
      tell_(std::move(tell)),
      stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Prover::~Prover() { stop(); }

void Prover::ask() {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  ++asked_;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

bool Prover::pending() const {
  const std::lock_guard lock(mutex_);
  return asked_ != told_;
}

void Prover::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  const std::uint64_t one = 1;
  (void)!::write(stop_event_.get(), &one, sizeof one);
  if (thread_.joinable()) thread_.join();
}

void Prover::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || asked_ != told_; });
    if (stopped_) return;
    const std::uint64_t asked = asked_;
    lock.unlock();
    auto proofs = prove_(stop_event_.get());
    lock.lock();
    if (stopped_) return;
    if (asked != asked_) continue;
    lock.unlock();
    tell_(std::move(proofs));
    lock.lock();
    told_ = asked;
  }
}

}  // namespace smic::steer
