// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/deadline.h"

#include <algorithm>

namespace smic::net {

void Deadline::expire_in(std::chrono::milliseconds delay) {
  // One tick more, because the current one has partly passed.
  const auto ticks =
      static_cast<std::uint64_t>((delay + kTick - std::chrono::milliseconds(1)) / kTick);
  due_ = wheel_.now_ + ticks + 1;
  if (previous_ != nullptr && parked_ <= due_) return;  // it will be looked at in time
  unlink();
  wheel_.park(*this);
}

void Deadline::unlink() {
  if (previous_ == nullptr) return;
  *previous_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  next_ = nullptr;
  previous_ = nullptr;
}

void DeadlineWheel::park(Deadline& deadline) {
  deadline.parked_ = std::min(deadline.due_, now_ + kSlots - 1);
  Deadline*& head = slots_[deadline.parked_ % kSlots];
  deadline.next_ = head;
  deadline.previous_ = &head;
  if (head != nullptr) head->previous_ = &deadline.next_;
  head = &deadline;
}

void DeadlineWheel::tick() {
  ++now_;
  Deadline*& head = slots_[now_ % kSlots];
  while (head != nullptr) {
    Deadline& deadline = *head;
    deadline.unlink();
    if (deadline.due_ == Deadline::kNever) continue;
    if (deadline.due_ > now_) {
      park(deadline);  // never into this slot: due_ is later and less than a round ahead
      continue;
    }
    deadline.due_ = Deadline::kNever;
    deadline.expired_(deadline.context_);
  }
}

}  // namespace smic::net
