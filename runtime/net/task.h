// SPDX-License-Identifier: Apache-2.0
// A coroutine that runs on one worker's thread and is awaited by at most one other.
//
//   Task<Status> relay(Stream& from, Stream& to);     lazy: runs when awaited
//   spawn(serve(std::move(connection)));              nobody waits; frees itself at its end
//   Joined pump(relay(a, b));                         runs now, beside us; co_await pump.join()
//
// Why not asio::awaitable: it allocates and type-erases per hop, drags Asio into every header (10 s
// to compile each) and its cancellation needs a slot per operation. This one hands control over by
// symmetric transfer, takes its frames from a free list of the thread (no malloc in steady state)
// and knows nothing of where its events come from. Nothing may throw out of a Task: what fails in
// the world is a value.
#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include "base/check.h"

namespace smic::net {

// Frames of this thread's coroutines, kept by size.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

namespace detail {

struct FramePromise {
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) { free_frame(frame, size); }
  [[noreturn]] void unhandled_exception() noexcept {
    abort_with_bug(__FILE__, __LINE__, "an exception left a task");
  }
};

struct Resume {  // final awaiter: goes on with whoever awaited us
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
    return self.promise().continuation;
  }
  void await_resume() const noexcept {}
};

template <class T>
struct TaskPromise;

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  Handle await_suspend(std::coroutine_handle<> awaiting) noexcept {
    handle_.promise().continuation = awaiting;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

namespace detail {

template <class T>
struct TaskPromise : FramePromise {
  std::coroutine_handle<> continuation;
  T value{};

  Task<T> get_return_object() { return Task<T>(Task<T>::Handle::from_promise(*this)); }
  std::suspend_always initial_suspend() noexcept { return {}; }
  Resume final_suspend() noexcept { return {}; }
  void return_value(T result) { value = std::move(result); }
  T take() { return std::move(value); }
};

template <>
struct TaskPromise<void> : FramePromise {
  std::coroutine_handle<> continuation;

  Task<void> get_return_object() { return Task<void>(Task<void>::Handle::from_promise(*this)); }
  std::suspend_always initial_suspend() noexcept { return {}; }
  Resume final_suspend() noexcept { return {}; }
  void return_void() {}
  void take() {}
};

struct Detached {
  struct promise_type : FramePromise {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
  };
};

}  // namespace detail

inline detail::Detached spawn(Task<void> task) { co_await task; }

// A task that runs beside the coroutine that owns this object. It must be joined before the
// object goes; join() may be awaited once.
class Joined {
 public:
  explicit Joined(Task<void> task) { run(this, std::move(task)); }
  Joined(const Joined&) = delete;
  Joined& operator=(const Joined&) = delete;

  bool done() const { return done_; }

  auto join() {
    struct Awaiter {
      Joined& joined;
      bool await_ready() const noexcept { return joined.done_; }
      void await_suspend(std::coroutine_handle<> waiter) noexcept { joined.waiter_ = waiter; }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

 private:
  static detail::Detached run(Joined* self, Task<void> task) {
    co_await task;
    self->done_ = true;
    if (self->waiter_) self->waiter_.resume();
  }

  bool done_ = false;
  std::coroutine_handle<> waiter_;
};

}  // namespace smic::net
