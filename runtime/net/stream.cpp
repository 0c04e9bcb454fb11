// SPDX-License-Identifier: Apache-2.0
// A stream's descriptor is registered once, edge-triggered, for both directions. `readable_` says
// whether a read is worth trying: it is set by an event, and cleared when a read gets less than it
// asked for, or nothing. One case would be missed by that: data and the end arrive together, and
// the short read has eaten the only edge. So once the end (or an error) was announced, a stream
// counts as readable until it was read.
#include "runtime/net/stream.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "runtime/net/poller.h"

namespace smic::net {
namespace {

constexpr std::uint32_t kGone = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

// Reads that succeed at once before others have their turn: 256 KiB of a fast sender.
constexpr int kReadsInARow = 16;

// Up to here copying pieces together is cheaper than the kernel's reading of an iovec: most heads
// with their bodies.
constexpr std::size_t kCopiedTogether = 2048;

ssize_t send_pieces(int fd, std::span<const iovec> pieces) {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  if (pieces.size() == 1) return ::send(fd, pieces[0].iov_base, pieces[0].iov_len, kFlags);
  std::size_t size = 0;
  for (const iovec& one : pieces) size += one.iov_len;
  if (size <= kCopiedTogether) {
    char together[kCopiedTogether];
    char* end = together;
    for (const iovec& one : pieces) {
      end = std::copy_n(static_cast<const char*>(one.iov_base), one.iov_len, end);
    }
    return ::send(fd, together, size, kFlags);
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return ::sendmsg(fd, &message, kFlags);
}

}  // namespace

struct Stream::Impl : Watched {
  Impl(Loop::Impl& owner, int descriptor) : loop(owner), fd(descriptor) {
    loop.add(fd, *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  }

  Loop::Impl& loop;
  int fd;
  std::coroutine_handle<> reader;
  std::coroutine_handle<> writer;
  WriteAwaiter* write = nullptr;  // in the writer's frame
  std::span<char> into;
  IoResult read_result;
  int reads_in_a_row = 0;
  bool readable = true;
  bool writable = false;
  bool ending = false;  // the end or an error was announced
  bool read_under_way = false;
  bool read_done = false;  // read_result is there to be taken
  bool cancel_read = false;
  bool cancel_write = false;
  bool aborted = false;
  bool orphan = false;  // the Stream is gone
  void (*told)(void*) = nullptr;
  void* told_context = nullptr;

  void start_read(std::span<char> room) {
    into = room;
    read_under_way = true;
    if (!readable) return;
    if (++reads_in_a_row > kReadsInARow) {
      loop.give_turn(*this);
    } else {
      try_read();
    }
  }

  void try_read() {
    char byte = 0;
    const bool only_look = into.empty();
    ssize_t got = 0;
    do {
      got = only_look ? ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT)
                      : ::recv(fd, into.data(), into.size(), MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got > 0 && only_look) {
      finish_read({0, IoStatus::ok});
    } else if (got > 0) {
      readable = ending || static_cast<std::size_t>(got) == into.size();
      finish_read({static_cast<std::size_t>(got), IoStatus::ok});
    } else if (got == 0) {
      finish_read({0, IoStatus::end});
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      readable = false;
    } else {
      finish_read({0, IoStatus::failed});
    }
  }

  void finish_read(IoResult result) {
    read_under_way = false;
    read_done = true;
    read_result = result;
  }

  // Events, or the turn that was asked for.
  void ready(std::uint32_t events) override {
    if (orphan) return;
    reads_in_a_row = 0;
    ending |= (events & kGone) != 0;
    readable |= (events & (EPOLLIN | kGone)) != 0;
    writable |= (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
    if (read_under_way) go_on_reading();
    if (!orphan && writer && (writable || cancel_write)) go_on_writing();
  }

  void go_on_reading() {
    if (std::exchange(cancel_read, false)) {
      finish_read({0, IoStatus::cancelled});
    } else if (readable && into.empty()) {
      finish_read({0, IoStatus::ok});  // an event has just said so
    } else if (readable) {
      try_read();
    }
    if (!read_done) return;
    if (reader) {
      std::exchange(reader, nullptr).resume();
    } else if (told != nullptr) {
      told(told_context);
    }
  }

  void go_on_writing() {
    if (std::exchange(cancel_write, false)) {
      write->status = IoStatus::cancelled;
    } else if (!write->only_wait && !write->advance()) {
      return;
    }
    write = nullptr;
    std::exchange(writer, nullptr).resume();
  }
};

Stream::Stream(Loop& loop, int fd) : impl_(new Impl(loop.impl(), fd)) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Stream::~Stream() {
  SMIC_CHECK(!impl_->reader && !impl_->writer, "a stream is destroyed under a waiting coroutine");
  impl_->orphan = true;
  ::close(impl_->fd);
  impl_->loop.bury(std::unique_ptr<Watched>(impl_));
}

Result<int> Stream::begin_connect(const SocketAddress& to) {
  const int fd = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return fail(std::strerror(errno));
  if (::connect(fd, to.data(), to.size()) == 0 || errno == EINPROGRESS) return fd;
  const int error = errno;
  ::close(fd);
  return fail(std::strerror(error));
}

Result<void> Stream::connected() const {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(impl_->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return fail(std::strerror(error));
  return {};
}

void Stream::start_read(std::span<char> into) {
  SMIC_CHECK(!reading(), "a second read is started");
  if (impl_->aborted) return impl_->finish_read({0, IoStatus::cancelled});
  impl_->start_read(into);
}

bool Stream::reading() const { return impl_->read_under_way || impl_->read_done; }
bool Stream::read_completed() const { return impl_->read_done; }
void Stream::only_wait() { impl_->into = {}; }

void Stream::when_unawaited(void (*told)(void*), void* context) {
  impl_->told = told;
  impl_->told_context = context;
}

IoResult Stream::try_write(std::span<const iovec> pieces) {
  if (impl_->aborted) return {0, IoStatus::cancelled};
  for (;;) {
    const ssize_t sent = send_pieces(impl_->fd, pieces);
    if (sent >= 0) return {static_cast<std::size_t>(sent), IoStatus::ok};
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      impl_->writable = false;
      return {0, IoStatus::ok};
    }
    if (errno != EINTR) return {0, IoStatus::failed};
  }
}

void Stream::finish_writing() { ::shutdown(impl_->fd, SHUT_WR); }

void Stream::reset_when_closed() {
  const linger at_once{1, 0};
  setsockopt(impl_->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Stream::cancel() {
  impl_->cancel_read = impl_->read_under_way;
  impl_->cancel_write = static_cast<bool>(impl_->writer);
  if (impl_->cancel_read || impl_->cancel_write) impl_->loop.give_turn(*impl_);
}

void Stream::abort() {
  impl_->aborted = true;
  cancel();
}

bool Stream::aborted() const { return impl_->aborted; }

bool ReadAwaiter::await_ready() const { return stream.impl_->read_done; }

void ReadAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  SMIC_CHECK(stream.impl_->read_under_way, "a read is awaited that was not started");
  stream.impl_->reader = waiter;
}

IoResult ReadAwaiter::await_resume() {
  stream.impl_->read_done = false;
  return stream.impl_->read_result;
}

bool WriteAwaiter::await_ready() {
  if (!only_wait) return advance();
  if (stream.impl_->aborted) status = IoStatus::cancelled;
  return stream.impl_->aborted || stream.impl_->writable;
}

void WriteAwaiter::await_suspend(std::coroutine_handle<> waiter) {
  stream.impl_->writer = waiter;
  stream.impl_->write = this;
}

bool WriteAwaiter::advance() {
  for (;;) {
    while (!pieces.empty() && pieces.front().iov_len == 0) pieces = pieces.subspan(1);
    if (pieces.empty()) return true;
    IoResult result = stream.try_write(pieces);
    if (result.status != IoStatus::ok) {
      status = result.status;
      return true;
    }
    if (result.size == 0) return false;
    while (!pieces.empty() && result.size >= pieces.front().iov_len) {
      result.size -= pieces.front().iov_len;
      pieces = pieces.subspan(1);
    }
    if (!pieces.empty()) {
      pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + result.size;
      pieces.front().iov_len -= result.size;
    }
  }
}

}  // namespace smic::net
