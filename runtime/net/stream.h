// SPDX-License-Identifier: Apache-2.0
// A connected TCP socket on a loop. Reads and writes are awaited; at most one of each is under way.
//
// A write first tries the socket, and suspends only when the kernel takes no more. A read may be
// started long before it is awaited: a pooled connection always has one under way, which is how the
// pool learns that the other side has closed it, without a system call and without cancelling
// anything when the connection is taken out.
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "runtime/net/address.h"
#include "runtime/net/loop.h"

namespace smic::net {

enum class IoStatus : std::uint8_t {
  ok,
  end,        // the other side has finished sending
  failed,     // reset, or any other error of the socket
  cancelled,  // by us
};

struct IoResult {
  std::size_t size = 0;
  IoStatus status = IoStatus::ok;
};

class Stream {
 public:
  Stream(Loop& loop, int fd);  // takes the socket
  ~Stream();                   // closes; no coroutine may be waiting on it
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Starts to connect. The stream is usable when writable() returned and connected() says so.
  static Result<int> begin_connect(const SocketAddress& to);
  Result<void> connected() const;

  // ---- reading; an empty span only waits until there is something to read, and gives 0 bytes, so
  // that who may wait long need not hold a buffer for it
  void start_read(std::span<char> into);
  bool reading() const;         // started, and its result not yet taken
  bool read_completed() const;  // the result is there to be taken
  void only_wait();             // the read under way, if any, becomes one of an empty span
  // Told when a read completes that nobody is awaiting.
  void when_unawaited(void (*told)(void*), void* context);
  auto read_result();  // awaitable → IoResult, of the read started before
  auto read(std::span<char> into);

  // ---- writing; the pieces must stay where they are until it is done
  IoResult try_write(std::span<const iovec> pieces);  // what the kernel takes now; ok also for 0
  auto write(std::span<iovec> pieces);                // awaitable → IoStatus; changes `pieces`
  auto writable();                                    // awaitable → IoStatus
  void finish_writing();                              // our end of the stream: FIN
  void reset_when_closed();                           // RST, and what is unsent is lost

  void cancel();  // ends what is under way
  void abort();   // … and everything that is started later
  bool aborted() const;

 private:
  struct Impl;
  friend struct ReadAwaiter;
  friend struct WriteAwaiter;
  Impl* impl_;
};

struct ReadAwaiter {
  Stream& stream;
  bool await_ready() const;
  void await_suspend(std::coroutine_handle<> waiter);
  IoResult await_resume();
};

struct WriteAwaiter {
  Stream& stream;
  std::span<iovec> pieces;
  bool only_wait;
  IoStatus status = IoStatus::ok;

  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiter);
  IoStatus await_resume() const { return status; }
  bool advance();  // writes what the kernel takes; true = done, one way or the other
};

inline auto Stream::read_result() { return ReadAwaiter{*this}; }
inline auto Stream::read(std::span<char> into) {
  start_read(into);
  return ReadAwaiter{*this};
}
inline auto Stream::write(std::span<iovec> pieces) { return WriteAwaiter{*this, pieces, false}; }
inline auto Stream::writable() { return WriteAwaiter{*this, {}, true}; }

inline iovec piece(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace smic::net
