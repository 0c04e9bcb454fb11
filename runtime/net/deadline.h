// SPDX-License-Identifier: Apache-2.0
// Timeouts without timers: one tick drives all deadlines of a worker.
//
// A deadline sits in a slot of a wheel. Moving it later, which every request does several times,
// only stores a number: when its slot comes round too early it is put in the slot where it belongs
// by then. So arming costs a store, and nothing is allocated. Deadlines are late by up to two
// ticks, never early.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace smic::net {

inline constexpr std::chrono::milliseconds kTick{50};

class DeadlineWheel;

class Deadline {
 public:
  using Expired = void (*)(void* context);

  Deadline(DeadlineWheel& wheel, Expired expired, void* context)
      : wheel_(wheel), expired_(expired), context_(context) {}
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { unlink(); }

  void expire_in(std::chrono::milliseconds delay);
  void clear() { due_ = kNever; }

 private:
  friend class DeadlineWheel;
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  void unlink();

  DeadlineWheel& wheel_;
  Expired expired_;
  void* context_;
  std::uint64_t due_ = kNever;     // tick at which to expire
  std::uint64_t parked_ = kNever;  // tick whose slot we sit in
  Deadline* next_ = nullptr;
  Deadline** previous_ = nullptr;  // the pointer that points at us; null = in no slot
};

class DeadlineWheel {
 public:
  std::uint64_t now() const { return now_; }
  // One tick has passed. An expired deadline is out of the wheel when its function runs, which may
  // arm it again, or destroy it or others.
  void tick();

 private:
  friend class Deadline;
  static constexpr std::size_t kSlots = 1024;  // 51 s; what is due later goes round again

  void park(Deadline& deadline);

  std::uint64_t now_ = 0;
  std::array<Deadline*, kSlots> slots_{};
};

}  // namespace smic::net
