// SPDX-License-Identifier: Apache-2.0
#include "controller/api/outbox.h"

#include <utility>

namespace smic::api {

// The limit is for what was not even begun: a first piece may be larger, as a first state is.
bool Outbox::write(Piece piece) {
  const std::lock_guard lock(mutex_);
  if (gone_ || ended_) return false;
  if (piece->empty()) return true;
  if (waiting_ > limit_ || (waiting_ > 0 && waiting_ + piece->size() > limit_)) {
    gone_ = true;
    pieces_.clear();
    waiting_ = 0;
    if (wake_) wake_();
    return false;
  }
  waiting_ += piece->size();
  pieces_.push_back(std::move(piece));
  if (wake_) wake_();
  return true;
}

void Outbox::end() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(ended_, true) || gone_) return;
  if (wake_) wake_();
}

bool Outbox::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

std::size_t Outbox::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_ + sending_;
}

void Outbox::on_gone(std::function<void()> told) {
  {
    const std::lock_guard lock(mutex_);
    if (!gone_) {
      told_ = std::move(told);
      return;
    }
  }
  told();
}

void Outbox::on_drained(std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  drained_ = std::move(told);
}

Outbox::Batch Outbox::take() {
  std::function<void()> drained;
  Batch batch;
  {
    const std::lock_guard lock(mutex_);
    const bool sent = std::exchange(sending_, std::exchange(waiting_, 0)) > 0;
    batch = {std::exchange(pieces_, {}), ended_, gone_};
    if (sent && sending_ == 0 && !gone_) drained = drained_;
  }
  if (drained) drained();  // what it writes wakes us again
  return batch;
}

void Outbox::close(bool all_sent) {
  std::function<void()> told;
  {
    const std::lock_guard lock(mutex_);
    wake_ = nullptr;
    pieces_.clear();
    waiting_ = sending_ = 0;
    gone_ = true;
    told = std::exchange(told_, nullptr);
    drained_ = nullptr;
  }
  if (told && !all_sent) told();
}

}  // namespace smic::api
